#!/usr/bin/env python3
"""Writes graphs that are deep or wide, for measuring that work grows linearly with a graph. Needs numpy and onnx.

usage: make_graphs.py FOLDER

chain10k, chain100k: a chain of activations. wide50k: 50,000 nodes that one Concat joins. inputs50k: a Sum of 50,000 graph
inputs. same50k: a Concat of one value 50,000 times. fan50k: one value with 50,000 users, each a graph output. consts50k: a
chain of 50,000 additions of stored vectors.
"""
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

folder = pathlib.Path(sys.argv[1])


def floats(name):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4])


def save(name, nodes, inputs, outputs, initializers=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(initializers))
    opset = [helper.make_opsetid("", 13)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), str(folder / f"{name}.onnx"))


def joined(name):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, None)


for name, length in [("chain10k", 10_000), ("chain100k", 100_000)]:
    kinds = ["Relu", "Sigmoid", "Abs"]
    nodes = [helper.make_node(kinds[i % 3], [f"v{i}"], [f"v{i + 1}"]) for i in range(length)]
    save(name, nodes, [floats("v0")], [floats(f"v{length}")])

count = 50_000
names = [f"x{i}" for i in range(count)]
nodes = [helper.make_node("Identity" if i % 2 else "Relu", ["x"], [names[i]]) for i in range(count)]
save("wide50k", nodes + [helper.make_node("Concat", names, ["y"], axis=1)], [floats("x")], [joined("y")])
save("inputs50k", [helper.make_node("Sum", names, ["y"])], [floats(n) for n in names], [floats("y")])
relu = helper.make_node("Relu", ["x"], ["r"])
save("same50k", [relu, helper.make_node("Concat", ["r"] * count, ["y"], axis=1)], [floats("x")], [joined("y")])
users = [helper.make_node("Abs", ["r"], [f"y{i}"]) for i in range(count)]
save("fan50k", [relu] + users, [floats("x")], [floats(f"y{i}") for i in range(count)])
stored = [numpy_helper.from_array(np.full(4, i, np.float32), f"c{i}") for i in range(count)]
sums = [helper.make_node("Add", ["c0" if i == 1 else f"s{i - 1}", f"c{i}"], [f"s{i}"]) for i in range(1, count)]
save("consts50k", sums + [helper.make_node("Add", ["x", f"s{count - 1}"], ["y"])], [floats("x")], [floats("y")], stored)
