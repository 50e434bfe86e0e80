"""Writes imagenet-crc32.txt: for each shared ImageNet photo the CRC-32 of the RGB bytes that Pillow decodes. Needs numpy, Pillow and ../shared."""
import pathlib
import zlib

from PIL import Image

here = pathlib.Path(__file__).parent
photos = here.parents[2].parent / "shared" / "data" / "imagenet" / "images"
lines = [f"{p.name} {zlib.crc32(Image.open(p).convert('RGB').tobytes()):08x}\n" for p in sorted(photos.iterdir())]
(here / "imagenet-crc32.txt").write_text("".join(lines))
