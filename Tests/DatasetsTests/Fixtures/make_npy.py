"""Writes npy/: arrays in every layout that NumPy writes, all holding 0 ... 23 in shape 2,3,4 (as numbers of their type). Needs numpy."""
import pathlib

import numpy as np

folder = pathlib.Path(__file__).parent / "npy"
folder.mkdir(exist_ok=True)
values = np.arange(24).reshape(2, 3, 4)


def write(name, array, version=(1, 0)):
    with open(folder / name, "wb") as file:
        np.lib.format.write_array(file, array, version=version)


for name in ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]:
    write(f"{name}.npy", values.astype("<" + name))
    write(f"{name}-big-endian-fortran.npy", np.asfortranarray(values.astype(">" + name)))
write("bool.npy", values % 2 == 1)
write("complex.npy", (values + 1j).astype("<c16"))
write("complex-big-endian-fortran.npy", np.asfortranarray((values + 1j).astype(">c16")))
write("version2.npy", values.astype("<f4"), (2, 0))
write("version3.npy", values.astype("<f4"), (3, 0))
write("scalar.npy", np.float32(7))
write("empty.npy", np.zeros((0, 3), "<f4"))
write("text.npy", np.array(["a", "b"]))
write("record.npy", np.zeros(2, [("a", "<f4"), ("b", "<i4")]))
