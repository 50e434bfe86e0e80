"""Writes images/: small JPEG and PNG files of every kind, what Pillow decodes them to, and what Pillow resizes them to.

Needs numpy and Pillow. Expected pixels are .npy files: uint8 (or float32) of shape height, width, channels. Interlaced PNGs are put together
here, since Pillow does not write them.
"""
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image

folder = pathlib.Path(__file__).parent / "images"
folder.mkdir(exist_ok=True)
rng = np.random.default_rng(1)


def scene(width, height):
    """A smooth picture with an edge and some noise: all filters have something to do."""
    y, x = np.mgrid[0:height, 0:width]
    base = np.stack([x * 255 / width, y * 255 / height, 127 + 120 * np.sin(x / 3 + y / 5)], -1)
    base[(x - width / 2) ** 2 + (y - height / 2) ** 2 < (min(width, height) / 3) ** 2] = [250, 10, 40]
    return np.clip(base + rng.normal(0, 12, base.shape), 0, 255).astype(np.uint8)


def expect(name, mode="RGB"):
    with Image.open(folder / name) as image:
        np.save(folder / (name + ".npy"), np.asarray(image.convert(mode)))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour, rows, interlace=0, extra=b""):
    """A PNG file from unfiltered rows of bytes."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    data = zlib.compress(b"".join(b"\0" + bytes(r) for r in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")


picture = Image.fromarray(scene(45, 31))
grey = picture.convert("L")

for name, image, options in [
    ("jpeg-420.jpg", picture, dict(subsampling="4:2:0")),
    ("jpeg-422.jpg", picture, dict(subsampling="4:2:2")),
    ("jpeg-444.jpg", picture, dict(subsampling="4:4:4")),
    ("jpeg-progressive.jpg", picture, dict(progressive=True)),
    ("jpeg-grey.jpg", grey, {}),
]:
    image.save(folder / name, quality=85, **options)
    expect(name)
# Pillow reads all files of four components as inverted inks. It cannot write YCCK: the transform number at the end of Adobe's marker is
# changed, so that the components are taken for YCCK; without the marker they are CMYK again.
picture.convert("CMYK").save(folder / "jpeg-cmyk.jpg", quality=85)
expect("jpeg-cmyk.jpg")
cmyk = (folder / "jpeg-cmyk.jpg").read_bytes()
marker = cmyk.index(b"\xff\xee\x00\x0eAdobe")
assert cmyk[marker + 15] == 0
(folder / "jpeg-ycck.jpg").write_bytes(cmyk[: marker + 15] + b"\x02" + cmyk[marker + 16 :])
expect("jpeg-ycck.jpg")
(folder / "jpeg-cmyk-unmarked.jpg").write_bytes(cmyk[:marker] + cmyk[marker + 16 :])
expect("jpeg-cmyk-unmarked.jpg")
for name, size in [("jpeg-1x1.jpg", (1, 1)), ("png-1x1.png", (1, 1)), ("jpeg-long.jpg", (2000, 1)), ("png-long.png", (1, 3000))]:
    picture.resize(size).save(folder / name)
    expect(name)
oriented = Image.Exif()
oriented[0x0112] = 6
picture.save(folder / "jpeg-turned.jpg", quality=85, exif=oriented)
expect("jpeg-turned.jpg")

rgba = np.dstack([np.asarray(picture), rng.integers(0, 256, (31, 45), dtype=np.uint8)])
palette = picture.quantize(19)
for name, image, options in [
    ("png-rgb.png", picture, {}),
    ("png-grey.png", grey, {}),
    ("png-grey-1.png", grey.point(lambda v: 255 * (v > 100), "1"), {}),
    ("png-rgba.png", Image.fromarray(rgba), {}),
    ("png-grey-alpha.png", Image.fromarray(rgba[..., 2:]), {}),
    ("png-palette.png", palette, {}),
    ("png-palette-transparent.png", palette, dict(transparency=bytes(range(0, 190, 10)))),
    ("png-rgb-transparent.png", picture, dict(transparency=tuple(int(v) for v in np.asarray(picture)[0, 0]))),
]:
    image.save(folder / name, **options)
    expect(name)

wide = rng.integers(0, 65536, (7, 11, 3), dtype=np.uint16)
(folder / "png-rgb-16.png").write_bytes(png(11, 7, 16, 2, [r.astype(">u2").tobytes() for r in wide]))
expect("png-rgb-16.png")
# Pillow gives 16-bit grey another meaning (its mode I;16): the upper byte, as for 16-bit RGB, is what is expected here.
(folder / "png-grey-16.png").write_bytes(png(11, 7, 16, 0, [r.astype(">u2").tobytes() for r in wide[..., 0]]))
np.save(folder / "png-grey-16.png.npy", np.repeat((wide[..., :1] >> 8).astype(np.uint8), 3, 2))
four = rng.integers(0, 256, (7, 6), dtype=np.uint8)
(folder / "png-grey-4.png").write_bytes(png(12, 7, 4, 0, list(four)))
expect("png-grey-4.png")
(folder / "png-grey-2.png").write_bytes(png(24, 7, 2, 0, list(four)))
expect("png-grey-2.png")
small = scene(13, 9)
gamma = chunk(b"gAMA", struct.pack(">I", 100000))
(folder / "png-gamma.png").write_bytes(png(13, 9, 8, 2, [r.tobytes() for r in small], extra=gamma))
expect("png-gamma.png")
passes = [(0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4), (2, 4, 0, 2), (0, 2, 1, 2), (1, 2, 0, 1)]
rows = [small[y, x0::dx].tobytes() for y0, dy, x0, dx in passes for y in range(y0, 9, dy) if x0 < 13]
(folder / "png-interlaced.png").write_bytes(png(13, 9, 8, 2, rows, interlace=1))
expect("png-interlaced.png")

source = scene(37, 23)
np.save(folder / "resize.npy", source)
np.save(folder / "resize-grey.npy", np.asarray(Image.fromarray(source).convert("L"))[..., None])
for size in [(37, 23), (16, 16), (5, 3), (1, 1), (74, 46), (50, 9), (9, 50), (37, 11), (11, 23), (36, 22), (36, 11)]:
    resized = Image.fromarray(source).resize(size, Image.BILINEAR)
    np.save(folder / "resize-{}x{}.npy".format(*size), np.asarray(resized))
floats = (source[..., 0] / 255 - 0.45).astype(np.float32)
np.save(folder / "resize-float.npy", floats[..., None])
for size in [(16, 16), (74, 46), (5, 3), (50, 9), (36, 11)]:
    resized = Image.fromarray(floats).resize(size, Image.BILINEAR)
    np.save(folder / "resize-float-{}x{}.npy".format(*size), np.asarray(resized)[..., None])
