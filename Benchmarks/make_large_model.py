#!/usr/bin/env python3
"""Writes a residual network of any size with seeded weights and external data, without holding it in memory.

usage: make_large_model.py OUT.onnx [--gigabytes 2.3] [--channels 512] [--dense]

--dense: fully connected layers instead of convolutions. Needs numpy and onnx.
"""
import argparse
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--gigabytes", type=float, default=2.3)
    parser.add_argument("--channels", type=int, default=512)
    parser.add_argument("--dense", action="store_true")
    options = parser.parse_args()
    channels, rng = options.channels, np.random.default_rng(0)
    nodes, tensors, place = [], [], 0
    data_path = pathlib.Path(f"{options.out}.data")
    with open(data_path, "wb") as data:

        def weight(name, shape, fan_in):
            nonlocal place
            values = (rng.standard_normal(shape, dtype=np.float32) * np.sqrt(1 / fan_in)).astype("<f4")
            place += -place % 4096
            data.seek(place)
            data.write(values.tobytes())
            tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape)
            tensor.data_location = TensorProto.EXTERNAL
            for key, value in [("location", data_path.name), ("offset", place), ("length", values.nbytes)]:
                tensor.external_data.add(key=key, value=str(value))
            tensors.append(tensor)
            place += values.nbytes
            return name

        def layer(x, inputs):
            index = len(tensors)
            if options.dense:
                nodes.append(helper.make_node("Gemm", [x, weight(f"w{index}", [channels, inputs], inputs)], [f"c{index}"], transB=1))
            else:
                nodes.append(helper.make_node("Conv", [x, weight(f"w{index}", [channels, inputs, 3, 3], 9 * inputs)], [f"c{index}"], pads=[1] * 4))
            nodes.append(helper.make_node("Relu", [f"c{index}"], [f"r{index}"]))
            return f"r{index}"

        x, block = layer("x", 3), 0
        while place < options.gigabytes * 1e9:
            y = layer(layer(x, channels), channels)
            nodes.append(helper.make_node("Add", [x, y], [f"s{block}"]))
            x, block = f"s{block}", block + 1
        if not options.dense:
            nodes.append(helper.make_node("GlobalAveragePool", [x], ["pooled"]))
            nodes.append(helper.make_node("Flatten", ["pooled"], ["flat"]))
            x = "flat"
        nodes.append(helper.make_node("Gemm", [x, weight("fc", [1000, channels], channels)], ["y"], transB=1))
    shape = ["N", 3] if options.dense else ["N", 3, 4, 4]
    graph = helper.make_graph(
        nodes, "large", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 1000])], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    options.out.write_bytes(model.SerializeToString())


main()
