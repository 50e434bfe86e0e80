"""Sizes of compact files beside zlib, xz and zstd, and how fast they are packed and unpacked.

    compare_compact.py model.onnx … --cnnopt .build/release/cnnopt --threads 1 2

zstd's column needs `pip install zstandard`. Speeds are of the whole command, start and files included; those of weights count the
model's parameters as `cnnopt summary` does. Status 1: a model did not come back byte for byte, or a compressor was better.
"""

import argparse
import json
import lzma
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import zlib

try:
    import zstandard
except ImportError:
    zstandard = None


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=pathlib.Path)
    parser.add_argument("--cnnopt", default="cnnopt", help="the command to measure")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3, help="each speed is the median of so many runs")
    parser.add_argument("--json", type=pathlib.Path, help="also write the figures there")
    return parser.parse_args()


def seconds(command, rounds):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def measure(model, options, folder):
    content = model.read_bytes()
    packed, restored = folder / "model.cnz", folder / "model.onnx"
    summary = subprocess.run([options.cnnopt, "summary", str(model), "--json"], capture_output=True, text=True)
    row = {
        "model": model.name, "bytes": len(content), "zlib": len(zlib.compress(content, 9)),
        "xz": len(lzma.compress(content, preset=9)),
        "zstd": len(zstandard.ZstdCompressor(level=19).compress(content)) if zstandard else None,
        "parameters": json.loads(summary.stdout)["parameters"] if summary.returncode == 0 else None, "speed": [],
    }
    for threads in options.threads:
        pack = seconds([options.cnnopt, "pack", str(model), str(packed), "--threads", str(threads)], options.rounds)
        unpack = seconds([options.cnnopt, "unpack", str(packed), str(restored), "--threads", str(threads)], options.rounds)
        row["speed"].append({"threads": threads, "packSeconds": pack, "unpackSeconds": unpack})
    row["compact"] = packed.stat().st_size
    row["same"] = restored.read_bytes() == content
    return row


def text(row):
    others = [row[name] for name in ("zlib", "xz", "zstd") if row[name]]
    size = lambda bytes: f"{bytes / row['bytes']:7.4f}" if bytes else f"{'':7}"
    speeds = " ".join(
        f"{row['bytes'] / 1e6 / entry['packSeconds']:7.1f} {row['bytes'] / 1e6 / entry['unpackSeconds']:7.1f}"
        + (f" {row['parameters'] / 1e6 / entry['unpackSeconds']:6.1f}" if row["parameters"] else f" {'':6}")
        for entry in row["speed"]
    )
    verdict = "" if row["same"] and row["compact"] < min(others) else " NOT SMALLER" if row["same"] else " NOT THE SAME"
    gain = 100 * (1 - row["compact"] / row["zlib"])
    return (
        f"{row['model']:44} {row['bytes']:10} {size(row['zlib'])} {size(row['xz'])} {size(row['zstd'])} {row['compact']:10} "
        f"{size(row['compact'])} {gain:6.1f} {speeds}{verdict}"
    )


def main():
    options = arguments()
    headings = " ".join(f"{'pack':>7} {'unpack':>7} {'Mw/s':>6}" for _ in options.threads)
    print(f"MB/s of packing and unpacking, and million weights a second, with {' and '.join(map(str, options.threads))} threads")
    print(f"{'model':44} {'bytes':>10} {'zlib-9':>7} {'xz-9':>7} {'zstd19':>7} {'cnz':>10} {'cnz':>7} {'%<zlib':>6} {headings}")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for model in options.models:
            rows.append(measure(model, options, pathlib.Path(folder)))
            print(text(rows[-1]), flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    good = all(row["same"] and row["compact"] < min(row[name] for name in ("zlib", "xz", "zstd") if row[name]) for row in rows)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
