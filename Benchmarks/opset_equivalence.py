#!/usr/bin/env python3
"""Raises models to later operator sets and compares ONNX Runtime's answers before and after. Needs numpy, onnx, onnxruntime.

usage: opset_equivalence.py CNNOPT FOLDER... [--opset 13 --opset 17 --opset 21]

FOLDER holds .onnx files, which get seeded random inputs, or ONNX operator tests (folders with model.onnx and
test_data_set_*). Answers have to be identical, bit for bit, or both not numbers; only models with an AveragePool that comes
to 19 or later may differ by rounding, since ONNX Runtime sums in another order from there on. Prints what differs, then
counts.
"""
import argparse
import collections
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper

parser = argparse.ArgumentParser()
parser.add_argument("cnnopt")
parser.add_argument("folders", nargs="+", type=pathlib.Path)
parser.add_argument("--opset", type=int, action="append")
arguments = parser.parse_args()
ort.set_default_logger_severity(4)


def session(path):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def opset(path):
    model = onnx.load(str(path), load_external_data=False)
    return max((i.version for i in model.opset_import if i.domain in ("", "ai.onnx")), default=0)


def stored_inputs(path, inputs):
    tensors = []
    for index in range(len(inputs)):
        file = path.parent / "test_data_set_0" / f"input_{index}.pb"
        if not file.exists():
            break
        tensor = onnx.TensorProto()
        tensor.ParseFromString(file.read_bytes())
        tensors.append(numpy_helper.to_array(tensor))
    return {i.name: t for i, t in zip(inputs, tensors)}


def random_inputs(inputs):
    random = np.random.default_rng(0)
    feeds = {}
    for i in inputs:
        shape = [d if isinstance(d, int) and d > 0 else 2 if k == 0 else 64 for k, d in enumerate(i.shape)]
        kind = {"tensor(float)": np.float32, "tensor(int8)": np.int8, "tensor(uint8)": np.uint8}.get(i.type, np.float32)
        feeds[i.name] = (random.random(shape) * 100).astype(kind) if kind != np.float32 else random.random(
            shape, dtype=np.float32)
    return feeds


def same(a, b):
    if isinstance(a, list) or a is None:
        return str(a) == str(b)
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind in "fc":
        return np.array_equal(a, b, equal_nan=True)
    return np.array_equal(a, b)


def rounded(path, version, target, a, b):
    """Whether answers differ by rounding alone, and may."""
    if not version < 19 <= target:
        return False
    if all(node.op_type != "AveragePool" for node in onnx.load(str(path), load_external_data=False).graph.node):
        return False
    return all(x.shape == y.shape and np.abs(x - y).max() <= 1e-6 * np.abs(x).max() for x, y in zip(a, b))


counts = collections.Counter()
models = sorted(p for f in arguments.folders for p in f.rglob("*.onnx"))
with tempfile.TemporaryDirectory() as scratch:
    for path in models:
        version = opset(path)
        targets = [n for n in arguments.opset or [13, 17, 21] if n > version]
        if not targets:
            counts["not older"] += 1
            continue
        try:
            before = session(path)
            feeds = stored_inputs(path, before.get_inputs()) if (path.parent / "test_data_set_0").exists() else \
                random_inputs(before.get_inputs())
            wanted = before.run(None, feeds)
        except Exception as error:
            counts["original does not run"] += 1
            continue
        for target in targets:
            raised = pathlib.Path(scratch) / "raised.onnx"
            command = [arguments.cnnopt, str(path), str(raised), "--passes", "none", "--opset", str(target), "--quiet"]
            done = subprocess.run(command, capture_output=True, text=True)
            name = f"{path.parent.name}/{path.name} {version} -> {target}"
            if done.returncode == 69:
                counts["refused"] += 1
                print(f"refused  {name}: {done.stderr.strip()}")
                continue
            if done.returncode:
                counts["failed"] += 1
                print(f"FAILED   {name}: {done.stderr.strip()}")
                continue
            try:
                answers = session(raised).run(None, feeds)
            except Exception as error:
                counts["result does not run"] += 1
                print(f"NO RUN   {name}: {str(error)[:200]}")
                continue
            if len(answers) == len(wanted) and all(same(a, b) for a, b in zip(wanted, answers)):
                counts["identical"] += 1
            elif rounded(path, version, target, wanted, answers):
                counts["equal but for the rounding of AveragePool"] += 1
            else:
                counts["different"] += 1
                print(f"DIFFERS  {name}")
for what, count in sorted(counts.items()):
    print(f"{count:6} {what}")
sys.exit(1 if counts["failed"] + counts["different"] + counts["result does not run"] else 0)
