"""The other half of compare_nncodec.py, for the Python that has NNCodec: codes a model's float32 weights with steps named on standard input.

    nncodec_server.py model.onnx FOLDER

Needs nncodec (which wants numpy < 2) and onnx. For each line with a qp it writes FOLDER/nncodecQP.nnc and the decoded model
FOLDER/nncodecQP.onnx, and prints one line of JSON: qp, bytes of the bitstream, weights in it, seconds to encode and to decode.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy
import onnx
from nncodec import nnc


def weight_name(tensor):
    """NNCodec names files and modules after weights, so these have no separators."""
    return tensor.name.replace("/", "_").replace(":", "_")


def float_weights(model):
    """Float32 initialisers by name; scalars and empty ones are not for NNCodec and stay as they are."""
    tensors = [t for t in model.graph.initializer if t.data_type == onnx.TensorProto.FLOAT and t.dims and 0 not in t.dims]
    weights = {weight_name(t): numpy.array(onnx.numpy_helper.to_array(t)) for t in tensors}
    if len(weights) != len(tensors):
        raise SystemExit("two initialisers have the same name once / and : are _")
    return weights


def code(path, folder, qp):
    model = onnx.load(path)
    weights = float_weights(model)
    count = sum(w.size for w in weights.values())
    stream = folder / f"nncodec{qp}.nnc"
    start = time.perf_counter()
    nnc.compress(
        weights, bitstream_path=str(stream), qp=qp, nonweight_qp=-75, use_dq=True, param_opt=True, return_bitstream=True, verbose=False
    )
    encoded = time.perf_counter()
    decoded = nnc.decompress(str(stream), verbose=False)
    finished = time.perf_counter()
    for tensor in model.graph.initializer:
        name = weight_name(tensor)
        if name in weights:
            values = numpy.asarray(decoded[name], dtype=numpy.float32).reshape(tuple(tensor.dims))
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    onnx.save(model, folder / f"nncodec{qp}.onnx")
    return {
        "qp": qp, "bytes": stream.stat().st_size, "weights": count,
        "encodeSeconds": encoded - start, "decodeSeconds": finished - encoded,
    }


def main():
    path, folder = map(Path, sys.argv[1:])
    # What NNCodec prints goes to standard error, so that standard output holds answers alone.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        print(json.dumps(code(path, folder, int(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
