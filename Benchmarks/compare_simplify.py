#!/usr/bin/env python3
"""How small and how fast `cnnopt --passes simplify` makes models, beside onnxsim and onnxslim.

    compare_simplify.py model.onnx … --large light.onnx … --cnnopt .build/release/cnnopt

Needs numpy, onnx, onnxruntime, onnxsim and onnxslim. Every tool runs as a process of its own, in turn, round by round; the time of
a model is the median over the rounds. For each model the tables say:

nodes      of the original and of each tool's result, with those inside subgraphs
seconds    whole processes, and how many times faster than the others cnnopt is
error      max |a - b| / max |b| over all outputs of ONNX Runtime, its optimiser off, on random inputs; 0 means the same bits
stable     whether simplifying the model once more, and simplifying the result, both give the same bytes, and the latter says that
           there was nothing to do
latency    of ONNX Runtime with its optimiser off on one thread, least of the runs, ours and onnxsim's result in turn; below 1,
           ours is faster

Models after --large are simplified with --fold-large: their weights are made by nodes. Parts that take long can be left out.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy
import onnx
import onnxruntime

ELEMENT_TYPES = {
    "tensor(float)": "float32", "tensor(float16)": "float16", "tensor(double)": "float64", "tensor(bool)": "bool",
    "tensor(int8)": "int8", "tensor(uint8)": "uint8", "tensor(int32)": "int32", "tensor(int64)": "int64",
}
TOOLS = ["cnnopt", "onnxsim", "onnxslim"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--large", nargs="*", type=Path, default=[], help="models whose weights are made by nodes")
    parser.add_argument("--cnnopt", default="cnnopt", help="the command to measure")
    parser.add_argument("--rounds", type=int, default=3, help="times that each tool runs on each model")
    parser.add_argument("--inputs", type=int, default=3, help="random inputs for the error; 0 leaves it out")
    parser.add_argument("--runs", type=int, default=15, help="timed runs for the latency; 0 leaves it out")
    parser.add_argument("--only", choices=["cnnopt"], help="without the other tools: nodes, error and stability")
    parser.add_argument("--results", type=Path, help="keep the results in this folder; those of others are reused")
    parser.add_argument("--json", type=Path, help="write all figures there")
    return parser.parse_args()


def command(tool, source, target, large, options):
    if tool == "cnnopt":
        extra = ["--fold-large"] if large else []
        return [options.cnnopt, str(source), str(target), "--passes", "simplify", "--json", "--quiet", *extra]
    return [sys.executable, "-m", tool, str(source), str(target)]


def simplify(tool, source, target, large, options):
    """Seconds of the process, what it printed, and why it failed or None."""
    start = time.perf_counter()
    done = subprocess.run(command(tool, source, target, large, options), capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode or not target.exists():
        lines = (done.stderr or done.stdout).strip().splitlines()
        return seconds, done.stdout, lines[-1] if lines else f"status {done.returncode}"
    return seconds, done.stdout, None


def node_count(path):
    def count(graph):
        inner = (a for node in graph.node for a in node.attribute)
        graphs = [g for a in inner for g in ([a.g] if a.HasField("g") else []) + list(a.graphs)]
        return len(graph.node) + sum(map(count, graphs))

    return count(onnx.load(str(path), load_external_data=False).graph)


def session(path):
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    settings.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])


def random_inputs(runner, seed):
    generator = numpy.random.default_rng(seed)
    inputs = {}
    for node in runner.get_inputs():
        sizes = [s if isinstance(s, int) and s > 0 else {0: 1, 2: 64, 3: 192}.get(axis, 1) if len(node.shape) == 4 else 1
                 for axis, s in enumerate(node.shape)]
        element_type = numpy.dtype(ELEMENT_TYPES[node.type])
        if element_type.kind == "f":
            values = generator.standard_normal(sizes)
        else:
            values = generator.integers(0, 2 if element_type.kind == "b" else 100, sizes)
        inputs[node.name] = numpy.asarray(values).astype(element_type)
    return inputs


def largest_error(original, result, count):
    """The worst output's max |a - b| / max |b|, and infinity where shapes or unbounded elements differ."""
    before, after = session(original), session(result)
    worst = 0.0
    for seed in range(count):
        inputs = random_inputs(before, seed)
        for b, a in zip(before.run(None, inputs), after.run(None, inputs)):
            b, a = numpy.asarray(b), numpy.asarray(a)
            if a.shape != b.shape or a.dtype != b.dtype:
                return math.inf
            if a.tobytes() == b.tobytes():
                continue
            a, b = a.astype(numpy.float64), b.astype(numpy.float64)
            same = (a == b) | (numpy.isnan(a) & numpy.isnan(b))
            if not numpy.isfinite(a[~same]).all() or not numpy.isfinite(b[~same]).all():
                return math.inf
            scale = numpy.abs(b[numpy.isfinite(b)]).max(initial=0.0)
            worst = max(worst, float(numpy.abs(a[~same] - b[~same]).max(initial=0.0) / scale if scale else math.inf))
    return worst


def latency_ratio(ours, theirs, runs):
    """Least milliseconds of ours over theirs, measured in turn."""
    sessions = [session(ours), session(theirs)]
    inputs = [random_inputs(s, 0) for s in sessions]
    times = [[], []]
    for run in range(-2, runs):
        for which in (0, 1) if run % 2 else (1, 0):
            start = time.perf_counter()
            sessions[which].run(None, inputs[which])
            if run >= 0:
                times[which].append(time.perf_counter() - start)
    return min(times[0]) / min(times[1])


def measure(model, large, folder, options):
    stem = model.parent.name if model.stem == "model" else model.stem
    row = {"model": stem, "original": node_count(model), "nodes": {}, "seconds": {}}
    targets = {tool: folder / f"{stem}.{tool}.onnx" for tool in TOOLS}
    times = {tool: [] for tool in TOOLS}
    for _ in range(options.rounds):
        for tool in TOOLS[:1] if options.only else TOOLS:
            if tool != "cnnopt" and options.results and options.rounds == 1 and targets[tool].exists():
                continue
            seconds, _, failure = simplify(tool, model, targets[tool], large, options)
            times[tool].append(seconds)
            if failure:
                print(f"{row['model']}: {tool}: {failure}", file=sys.stderr)
    for tool in TOOLS:
        row["nodes"][tool] = node_count(targets[tool]) if targets[tool].exists() else None
        row["seconds"][tool] = statistics.median(times[tool]) if times[tool] else None
    if not targets["cnnopt"].exists():
        return row
    again = folder / f"{stem}.again.onnx"
    simplify("cnnopt", model, again, large, options)
    is_repeatable = again.read_bytes() == targets["cnnopt"].read_bytes()
    _, printed, failure = simplify("cnnopt", targets["cnnopt"], again, large, options)
    row["stable"] = is_repeatable and failure is None and again.read_bytes() == targets["cnnopt"].read_bytes() and not any(
        step["notes"] or step.get("patches") for step in json.loads(printed)["passes"])
    again.unlink(missing_ok=True)
    if options.inputs:
        row["error"] = largest_error(model, targets["cnnopt"], options.inputs)
    if options.runs and targets["onnxsim"].exists():
        row["latency"] = latency_ratio(targets["cnnopt"], targets["onnxsim"], options.runs)
    return row


def geometric_mean(values):
    values = [v for v in values if v]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def shown(value, form="{}"):
    return "–" if value is None else form.format(value)


def ratio(row, tool):
    ours, theirs = row["seconds"].get("cnnopt"), row["seconds"].get(tool)
    return theirs / ours if ours and theirs else None


def table(head, lines):
    print("\n| " + " | ".join(head) + " |\n|" + " --- |" * len(head))
    for line in lines:
        print("| " + " | ".join(line) + " |", flush=True)


def report(rows):
    table(
        ["model", "nodes", "cnnopt", "onnxsim", "onnxslim", "error", "stable", "latency"],
        [[r["model"], str(r["original"])] + [shown(r["nodes"][t]) for t in TOOLS]
         + [shown(r.get("error"), "{:.0e}" if r.get("error") else "{:.0f}"),
            {True: "yes", False: "NO"}.get(r.get("stable"), "–"), shown(r.get("latency"), "{:.2f}")] for r in rows],
    )
    table(
        ["model", "cnnopt s", "onnxsim s", "onnxslim s", "× onnxsim", "× onnxslim"],
        [[r["model"]] + [shown(r["seconds"][t], "{:.3f}") for t in TOOLS]
         + [shown(ratio(r, t), "{:.0f}") for t in TOOLS[1:]] for r in rows],
    )
    print()
    for tool in TOOLS[1:]:
        mean = geometric_mean([ratio(r, tool) for r in rows])
        print(f"faster than {tool}, geometric mean: {shown(mean, '{:.0f}')} times")
    best = [(r, min(n for n in (r["nodes"]["onnxsim"], r["nodes"]["onnxslim"]) if n is not None)) for r in rows
            if r["nodes"]["cnnopt"] is not None and (r["nodes"]["onnxsim"] or r["nodes"]["onnxslim"])]
    if best:
        fine = sum(r["nodes"]["cnnopt"] <= b for r, b in best)
        print(f"no more nodes than the better of both: {fine} of {len(best)}")
        for r, b in best:
            if r["nodes"]["cnnopt"] > b:
                print(f"  {r['model']}: {r['nodes']['cnnopt']} against {b}")


def main():
    options = arguments()
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.results or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for model, large in [(m, False) for m in options.models] + [(m, True) for m in options.large]:
            rows.append(measure(model, large, folder, options))
            print(f"{rows[-1]['model']}: done", file=sys.stderr, flush=True)
    report(rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
