#!/usr/bin/env python3
"""Writes small models in the shapes that exporters leave behind, for trying what `simplify` makes of them. Needs numpy and onnx.

usage: make_exported_models.py FOLDER

shapes: sizes computed from Shape, Gather, Concat, with an open batch. nhwc: convolutions between Transposes. hardswish, gelu, mish,
layernorm: activations and normalisation as their parts. affine: BatchNormalization, Mul and Add around convolutions. products: MatMul
and Add, with a Transpose before it. attention: a head of a transformer. moves: chains of Transpose, Reshape, Squeeze, Pad, Cast, Clip.
tidy: Dropout, Expand, Tile, Where, Slice and Concat without effect, repeated nodes. branch: an If whose condition is stored, in an If
whose condition is not. loop: a Loop whose body holds constants. pads: Pad before convolution and pooling. means: ReduceMean over
the image.
"""
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
generator = np.random.default_rng(7)


class Builder:
    """A graph, written down node by node."""

    def __init__(self):
        self.nodes, self.stored, self.count = [], [], 0

    def name(self, kind):
        self.count += 1
        return f"{kind}_{self.count}"

    def store(self, array):
        self.stored.append(numpy_helper.from_array(np.asarray(array), self.name("c")))
        return self.stored[-1].name

    def weights(self, *shape):
        return self.store((generator.standard_normal(shape) / np.sqrt(np.prod(shape[1:]) or 1)).astype(np.float32))

    def constant(self, array):
        """By a node, as many exporters do."""
        tensor = numpy_helper.from_array(np.asarray(array), "")
        return self.add("Constant", value=tensor)

    def add(self, kind, *inputs, outputs=1, result=None, **attributes):
        names = [result] if result else [self.name(kind.lower()) for _ in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=names[0] + "_node", **attributes))
        return names[0] if outputs == 1 else names

    def conv(self, x, channels, inputs, size=3, **attributes):
        pads = [size // 2] * 4
        return self.add("Conv", x, self.weights(channels, inputs, size, size), self.weights(channels),
                        **{"pads": pads, **attributes})


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def save(name, builder, inputs, result, shape=None, opset=17):
    builder.add("Identity", result, result="y")
    graph = helper.make_graph(builder.nodes, name, inputs, [value("y", shape)], builder.stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.save(model, str(folder / f"{name}.onnx"))


def integers(*values):
    return np.array(values, np.int64)


image = [value("x", ["N", 8, 16, 16])]
rows = [value("x", [2, 12, 32])]


def shapes():
    b = Builder()
    x = b.conv("x", 8, 8)
    size = b.add("Shape", x)
    batch = b.add("Gather", size, b.constant(np.array(0, np.int64)), axis=0)
    flat = b.add("Concat", b.add("Unsqueeze", batch, b.constant(integers(0))), b.constant(integers(-1)), axis=0)
    x = b.add("Reshape", x, flat)
    channels = b.add("Gather", size, b.constant(np.array(1, np.int64)), axis=0)
    half = b.add("Div", channels, b.constant(np.array(2, np.int64)))
    target = b.add("Concat", b.add("Slice", b.add("Shape", x), b.constant(integers(0)), b.constant(integers(1))),
                   b.add("Unsqueeze", half, b.constant(integers(0))), b.constant(integers(-1)), axis=0)
    save("shapes", b, image, b.add("Reshape", x, target))


def nhwc():
    b, x = Builder(), "x"
    for inputs, outputs in ((8, 16), (16, 16), (16, 8)):
        x = b.add("Transpose", x, perm=[0, 3, 1, 2])
        x = b.conv(x, outputs, inputs)
        x = b.add("Transpose", x, perm=[0, 2, 3, 1])
        x = b.add("Relu", x)
    save("nhwc", b, [value("x", ["N", 16, 16, 8])], x)


def hardswish():
    b = Builder()
    x = b.conv("x", 8, 8)
    inner = b.add("Clip", b.add("Add", x, b.constant(np.float32(3))), b.constant(np.float32(0)), b.constant(np.float32(6)))
    x = b.add("Div", b.add("Mul", x, inner), b.constant(np.float32(6)))
    x = b.conv(x, 8, 8)
    x = b.add("Mul", x, b.add("HardSigmoid", x, alpha=1 / 6, beta=0.5))
    save("hardswish", b, image, b.conv(x, 4, 8))


def gelu():
    b = Builder()
    x = b.add("MatMul", "x", b.weights(32, 32))
    e = b.add("Erf", b.add("Div", x, b.constant(np.float32(np.sqrt(2)))))
    x = b.add("Mul", b.add("Mul", x, b.add("Add", e, b.constant(np.float32(1)))), b.constant(np.float32(0.5)))
    save("gelu", b, rows, b.add("MatMul", x, b.weights(32, 8)), opset=20)


def mish():
    b = Builder()
    x = b.conv("x", 8, 8)
    x = b.add("Mul", x, b.add("Tanh", b.add("Softplus", x)))
    save("mish", b, image, b.conv(x, 4, 8), opset=18)


def layernorm():
    b, x = Builder(), "x"
    for _ in range(2):
        centred = b.add("Sub", x, b.add("ReduceMean", x, axes=[-1]))
        spread = b.add("ReduceMean", b.add("Pow", centred, b.constant(np.float32(2))), axes=[-1])
        x = b.add("Div", centred, b.add("Sqrt", b.add("Add", spread, b.constant(np.float32(1e-5)))))
        x = b.add("Add", b.add("Mul", x, b.weights(32)), b.weights(32))
    save("layernorm", b, rows, x)


def affine():
    b = Builder()
    x = b.add("Mul", "x", b.weights(1, 8, 1, 1))
    x = b.conv(x, 16, 8, pads=[0] * 4)
    spread = b.store(np.abs(generator.standard_normal(16)).astype(np.float32) + 1)
    x = b.add("BatchNormalization", x, b.weights(16), b.weights(16), b.weights(16), spread)
    x = b.add("Relu", b.add("Add", b.add("Mul", x, b.constant(np.float32(0.5))), b.weights(16, 1, 1)))
    x = b.add("ConvTranspose", x, b.weights(16, 8, 2, 2), strides=[2, 2])
    spread = b.store(np.abs(generator.standard_normal(8)).astype(np.float32) + 1)
    x = b.add("BatchNormalization", x, b.weights(8), b.weights(8), b.weights(8), spread)
    save("affine", b, image, b.add("Sub", x, b.weights(8, 1, 1)))


def products():
    b = Builder()
    x = b.add("Add", b.add("MatMul", "x", b.add("Transpose", b.weights(24, 32), perm=[1, 0])), b.weights(24))
    x = b.add("Mul", b.add("MatMul", b.add("Relu", x), b.weights(24, 10)), b.constant(np.float32(2)))
    save("products", b, [value("x", ["N", 32])], b.add("Add", x, b.weights(10)))


def attention():
    b, heads = Builder(), []
    for _ in range(3):
        h = b.add("Add", b.add("MatMul", "x", b.weights(32, 32)), b.weights(32))
        heads.append(b.add("Transpose", b.add("Reshape", h, b.constant(integers(2, 12, 4, 8))), perm=[0, 2, 1, 3]))
    q, k, v = heads
    scores = b.add("Div", b.add("MatMul", q, b.add("Transpose", k, perm=[0, 1, 3, 2])), b.constant(np.float32(np.sqrt(8))))
    x = b.add("MatMul", b.add("Softmax", scores, axis=-1), v)
    x = b.add("Reshape", b.add("Transpose", x, perm=[0, 2, 1, 3]), b.constant(integers(2, 12, 32)))
    save("attention", b, rows, b.add("Add", b.add("MatMul", x, b.weights(32, 32)), b.weights(32)))


def moves():
    b = Builder()
    x = b.add("Transpose", b.add("Transpose", "x", perm=[1, 2, 0]), perm=[1, 2, 0])
    x = b.add("Transpose", x, perm=[1, 2, 0])
    x = b.add("Reshape", b.add("Reshape", x, b.constant(integers(24, 32))), b.constant(integers(2, 3, 4, 32)))
    x = b.add("Unsqueeze", b.add("Squeeze", b.add("Unsqueeze", x, b.constant(integers(0))), b.constant(integers(0))),
              b.constant(integers(1)))
    x = b.add("Clip", b.add("Clip", x, b.constant(np.float32(-1)), b.constant(np.float32(2))),
              b.constant(np.float32(0)), b.constant(np.float32(6)))
    x = b.add("Cast", b.add("Cast", x, to=TensorProto.DOUBLE), to=TensorProto.FLOAT)
    x = b.add("Pad", b.add("Pad", x, b.constant(integers(*[0] * 4, 1, *[0] * 4, 1))),
              b.constant(integers(*[0] * 4, 2, *[0] * 4, 0)))
    save("moves", b, rows, b.add("Relu", b.add("Relu", x)))


def tidy():
    b = Builder()
    x = b.add("Dropout", "x")
    x = b.add("Expand", x, b.constant(integers(1, 1, 32)))
    x = b.add("Tile", x, b.constant(integers(1, 1, 1)))
    x = b.add("Where", b.constant(np.ones((1, 1, 32), bool)), x, b.constant(np.float32(0)))
    x = b.add("Slice", x, b.constant(integers(0)), b.constant(integers(2**62)), b.constant(integers(1)))
    x = b.add("Concat", x, axis=0)
    twins = [b.add("Sigmoid", b.add("Add", x, b.constant(np.float32(1)))) for _ in range(2)]
    parts = b.add("Split", b.add("Mul", *twins), b.constant(integers(12)), outputs=1, axis=1)
    save("tidy", b, rows, parts)


def branch():
    b = Builder()
    x = b.add("Relu", "x")

    def graph(name, nodes, result):
        return helper.make_graph(nodes, name, [], [helper.make_tensor_value_info(result, TensorProto.FLOAT, None)])

    yes = helper.make_node("Constant", [], ["known"], value=numpy_helper.from_array(np.array(True), ""))
    inner = [graph("a", [helper.make_node("Identity", [x], ["a1"]), helper.make_node("Exp", ["a1"], ["a2"])], "a2"),
             graph("b", [helper.make_node("Neg", [x], ["b1"])], "b1")]
    outer = [graph("t", [yes, helper.make_node("If", ["known"], ["t1"], then_branch=inner[0], else_branch=inner[1])], "t1"),
             graph("e", [helper.make_node("Abs", [x], ["e1"]), helper.make_node("Abs", [x], ["dead"])], "e1")]
    b.nodes.append(helper.make_node("If", ["c"], ["chosen"], then_branch=outer[0], else_branch=outer[1]))
    save("branch", b, rows + [value("c", [], TensorProto.BOOL)], "chosen")


def loop():
    b = Builder()
    inner = [
        helper.make_node("Identity", ["going"], ["on"]),
        helper.make_node("Constant", [], ["two"], value_float=2.0),
        helper.make_node("Constant", [], ["three"], value_float=3.0),
        helper.make_node("Add", ["two", "three"], ["five"]),
        helper.make_node("Cast", ["i"], ["step"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["five", "step"], ["grown"]),
        helper.make_node("Identity", ["state"], ["same"]),
        helper.make_node("Add", ["same", "grown"], ["next"]),
    ]
    inputs = [value("i", [], TensorProto.INT64), value("going", [], TensorProto.BOOL), value("state", [2, 12, 32])]
    body = helper.make_graph(inner, "body", inputs, [value("on", [], TensorProto.BOOL), value("next", [2, 12, 32])])
    x = b.add("Loop", b.store(np.array(3, np.int64)), "", "x", body=body)
    save("loop", b, rows, x)


def pads():
    b = Builder()
    x = b.add("Pad", "x", b.constant(integers(0, 0, 1, 1, 0, 0, 2, 2)))
    x = b.conv(x, 8, 8, pads=[0] * 4, strides=[2, 2])
    x = b.add("Pad", b.add("Relu", x), b.constant(integers(0, 0, 1, 1, 0, 0, 1, 1)))
    x = b.add("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], count_include_pad=1)
    save("pads", b, image, x)


def means():
    b = Builder()
    x = b.add("ReduceMean", b.conv("x", 16, 8), axes=[2, 3], keepdims=0)
    save("means", b, image, b.add("Gemm", x, b.weights(16, 4), b.weights(4)))


for write in (shapes, nhwc, hardswish, gelu, mish, layernorm, affine, products, attention, moves, tidy, branch, loop, pads, means):
    write()
