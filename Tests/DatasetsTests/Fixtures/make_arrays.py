"""Writes arrays/: .npz archives, idx files and gzip files as NumPy, Python's zipfile and gzip write them. Needs numpy.

Images are 0, 1, 2 … modulo 251 in shape 2,3,4,5 (idx of three axes: 2,4,5); their labels are 7 and 1.
"""
import gzip
import io
import pathlib
import struct
import zipfile

import numpy as np

folder = pathlib.Path(__file__).parent / "arrays"
folder.mkdir(exist_ok=True)
images = (np.arange(120) % 251).astype(np.uint8).reshape(2, 3, 4, 5)
labels = np.array([7, 1])
others = {"x_train": images[:1], "y_train": labels[:1]}


class Pipe(io.RawIOBase):
    """Cannot be rewound, so that sizes are written behind the data."""

    def __init__(self):
        self.bytes = b""

    def writable(self):
        return True

    def write(self, data):
        self.bytes += bytes(data)
        return len(data)


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def archive(name, method, file=None):
    with zipfile.ZipFile(file or folder / name, "w", method) as zip:
        for key, array in [("images", images), ("labels", labels)]:
            zip.writestr(zipfile.ZipInfo(key + ".npy"), npy(array), method)


def idx(array, code):
    sizes = b"".join(struct.pack(">I", size) for size in array.shape)
    return bytes([0, 0, code, array.ndim]) + sizes + array.astype(array.dtype.newbyteorder(">")).tobytes()


np.savez(folder / "stored.npz", images=images, labels=labels)
np.savez_compressed(folder / "deflated.npz", images=images, labels=labels)
np.savez_compressed(folder / "keras.npz", x_test=images, y_test=labels.astype(np.uint8), **others)
np.savez(folder / "medmnist.npz", train_images=images[:1], train_labels=labels[:1, None], test_images=images, test_labels=labels[:, None])
np.savez(folder / "positional.npz", images, labels)
np.savez(folder / "one.npz", whatever=images)
np.savez(folder / "capitals.npz", X=images.astype(np.float32), Y=labels)
np.savez(folder / "unclear.npz", left=images, right=images)
np.savez(folder / "regression.npz", x=images, y=labels / 2)
np.savez(folder / "labels.npz", y=labels, z=labels + 1)
archive("bzip2.npz", zipfile.ZIP_BZIP2)
archive("lzma.npz", zipfile.ZIP_LZMA)
pipe = Pipe()
archive("", zipfile.ZIP_DEFLATED, pipe)
(folder / "streamed.npz").write_bytes(pipe.bytes)
with zipfile.ZipFile(folder / "no-arrays.npz", "w") as zip:
    zip.writestr("readme.txt", "no arrays")

grey = images.reshape(-1)[:40].reshape(2, 4, 5)
for code, type in [(8, np.uint8), (9, np.int8), (11, np.int16), (12, np.int32), (13, np.float32), (14, np.float64)]:
    (folder / f"idx-{code:02}").write_bytes(idx(images.astype(type), code))
    (folder / f"idx-labels-{code:02}").write_bytes(idx(labels.astype(type), code))
(folder / "idx3").write_bytes(idx(grey, 8))
(folder / "idx3.gz").write_bytes(gzip.compress(idx(grey, 8), mtime=0))
(folder / "idx1.gz").write_bytes(gzip.compress(idx(labels.astype(np.uint8), 8), mtime=0))
whole = idx(grey, 8)
(folder / "idx3-two-members.gz").write_bytes(gzip.compress(whole[:20], mtime=0) + gzip.compress(whole[20:], mtime=0))
(folder / "images.npy.gz").write_bytes(gzip.compress(npy(images), mtime=0))
(folder / "text.gz").write_bytes(gzip.compress(b"hello", mtime=0))
