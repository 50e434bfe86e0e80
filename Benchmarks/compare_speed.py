"""How fast `cnnopt bench` runs models beside ONNX Runtime's CPU kernels.

    compare_speed.py model.onnx … --cnnopt .build/release/cnnopt --batch 1 8 --threads 1 2

Needs numpy and onnxruntime. Both programs take the same model, input sizes and number of threads. They run in turn for a few
rounds, so that what else the machine does falls on both; the figure of a model is the median over the rounds of the ratio of
median latencies. Above 1, cnnopt is faster. Models whose file fixes another batch are left out, and named.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy
import onnxruntime

ELEMENT_TYPES = {
    "tensor(float)": "float32", "tensor(float16)": "float16", "tensor(double)": "float64", "tensor(bool)": "bool",
    "tensor(int8)": "int8", "tensor(uint8)": "uint8", "tensor(int32)": "int32", "tensor(int64)": "int64",
}


class LeftOut(Exception):
    """Why a model is not measured."""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--cnnopt", default="cnnopt", help="the command to measure")
    parser.add_argument("--batch", type=int, nargs="+", default=[1])
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--runs", type=int, default=20, help="timed runs in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--height", type=int, default=64, help="for heights that a model leaves open")
    parser.add_argument("--width", type=int, default=192, help="for widths that a model leaves open")
    parser.add_argument("--json", type=Path, help="write all figures there")
    return parser.parse_args()


def input_sizes(session, batch, options):
    """The sizes of every input, with the batch asked for."""
    sizes = {}
    for node in session.get_inputs():
        shape = list(node.shape)
        if shape and isinstance(shape[0], int) and shape[0] != batch:
            raise LeftOut(f"its batch is fixed at {shape[0]}")
        if node.type not in ELEMENT_TYPES:
            raise LeftOut(f"input {node.name} is a {node.type}")
        open_sizes = {0: batch, 2: options.height, 3: options.width} if len(shape) == 4 else {0: batch}
        sizes[node.name] = [s if isinstance(s, int) else open_sizes.get(axis, 1) for axis, s in enumerate(shape)]
    return sizes


def random_inputs(session, sizes):
    generator = numpy.random.default_rng(0)
    inputs = {}
    for node in session.get_inputs():
        element_type = numpy.dtype(ELEMENT_TYPES[node.type])
        if element_type.kind == "f":
            values = generator.standard_normal(sizes[node.name])
        else:
            values = generator.integers(0, 2 if element_type.kind == "b" else 100, sizes[node.name])
        inputs[node.name] = values.astype(element_type)
    return inputs


def runtime_latency(session, inputs, runs):
    """Median milliseconds of ONNX Runtime, after three runs to warm up."""
    times = []
    for run in range(-3, runs):
        start = time.perf_counter()
        session.run(None, inputs)
        if run >= 0:
            times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def command_latency(model, sizes, batch, threads, options):
    """Median milliseconds of `cnnopt bench`."""
    command = [options.cnnopt, "bench", str(model), "--json", "--quiet", "--batch", str(batch)]
    command += ["--threads", str(threads), "--runs", str(options.runs)]
    for name, shape in sizes.items():
        if shape:
            command += ["--input-shape", name + ":" + ",".join(map(str, shape))]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise LeftOut(done.stderr.strip().splitlines()[0])
    return json.loads(done.stdout)["latencyMs"]["median"]


def compare(model, batch, threads, options):
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), settings, providers=["CPUExecutionProvider"])
    sizes = input_sizes(session, batch, options)
    inputs = random_inputs(session, sizes)
    # In turn, so that a busy moment of the machine falls on both.
    rounds = [
        (command_latency(model, sizes, batch, threads, options), runtime_latency(session, inputs, options.runs))
        for _ in range(options.rounds)
    ]
    return {
        "model": model.name, "batch": batch, "threads": threads,
        "cnnoptMs": statistics.median(mine for mine, _ in rounds),
        "onnxRuntimeMs": statistics.median(theirs for _, theirs in rounds),
        "ratio": statistics.median(theirs / mine for mine, theirs in rounds),
    }


def main():
    options = arguments()
    onnxruntime.set_default_logger_severity(3)
    results = []
    for threads in options.threads:
        for batch in options.batch:
            print(f"\nbatch {batch}, threads {threads} (ONNX Runtime {onnxruntime.__version__})")
            print(f"{'model':44} {'cnnopt ms':>10} {'ORT ms':>10} {'ratio':>7}")
            rows = []
            for model in options.models:
                try:
                    row = compare(model, batch, threads, options)
                except LeftOut as reason:
                    print(f"{model.name:44} left out: {reason}", flush=True)
                    continue
                rows.append(row)
                print(f"{row['model']:44} {row['cnnoptMs']:10.2f} {row['onnxRuntimeMs']:10.2f} {row['ratio']:7.2f}", flush=True)
            if rows:
                mean = math.exp(statistics.fmean(math.log(row["ratio"]) for row in rows))
                print(f"{f'geometric mean of {len(rows)}':44} {'':10} {'':10} {mean:7.2f}")
            results += rows
    if options.json:
        options.json.write_text(json.dumps({"onnxruntime": onnxruntime.__version__, "results": results}, indent=1) + "\n")
    return 0 if results else 1


if __name__ == "__main__":
    sys.exit(main())
