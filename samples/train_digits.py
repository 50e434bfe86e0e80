"""Trains the sample network on the UCI handwritten digits and writes every other file of this folder.

    python samples/train_digits.py            train, write, check
    python samples/train_digits.py --check    check the files as they are (no scikit-learn or PyTorch needed)
"""

import argparse
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
SEED = 0
TRAINING_IMAGES = 1200
EXPECTED_IMAGES = 16
PNG_IMAGES = 10
EPOCHS = 80
BATCH = 50
EPSILON = 1e-5

# name, input channels, output channels, kernel, stride, groups
CONVOLUTIONS = [
    ("stem", 1, 32, 3, 1, 1),
    ("block.0", 32, 32, 3, 1, 1),
    ("block.1", 32, 32, 3, 1, 1),
    ("depthwise", 32, 32, 3, 2, 32),
    ("pointwise", 32, 64, 1, 1, 1),
    ("head", 64, 64, 3, 1, 1),
]
CLASSES = 10


def load_split():
    """The 1,797 images as uint8 (N, 1, 8, 8), grey levels 0...16 stretched to 0...255, shuffled once and cut in two."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    levels = digits.images.astype(np.uint16)
    pixels = ((levels * 255 + 8) // 16).astype(np.uint8)[:, None]
    labels = digits.target.astype(np.int64)
    order = np.random.RandomState(SEED).permutation(len(labels))
    train, test = order[:TRAINING_IMAGES], order[TRAINING_IMAGES:]
    return (pixels[train], labels[train]), (pixels[test], labels[test])


def preprocess(images):
    """What `--preprocess scale=1/255` does."""
    return images.astype(np.float32) / np.float32(255)


def train(images, labels):
    """Returns the trained parameters by their names in the ONNX file."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    class Digits(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.ModuleDict(), nn.ModuleDict()
            for name, inputs, outputs, kernel, stride, groups in CONVOLUTIONS:
                key = name.replace(".", "_")
                self.conv[key] = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
                self.norm[key] = nn.BatchNorm2d(outputs, eps=EPSILON)
            self.classifier = nn.Linear(CONVOLUTIONS[-1][2], CLASSES)

        def unit(self, key, x):
            return self.norm[key](self.conv[key](x))

        def forward(self, x):
            x = F.relu(self.unit("stem", x))
            x = F.relu(self.unit("block_1", F.relu(self.unit("block_0", x))) + x)
            for key in ("depthwise", "pointwise", "head"):
                x = F.relu(self.unit(key, x))
            return self.classifier(x.mean((2, 3)))

    def augmented(x):
        """Each image turned by up to 8 degrees, scaled by up to 8 % and shifted by up to 0.8 pixel."""
        count = len(x)
        uniform = lambda limit: (torch.rand(count) * 2 - 1) * limit
        angle, scale = uniform(np.radians(8)), 1 + uniform(0.08)
        cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
        shift = 0.8 * 2 / x.shape[-1]
        rows = [torch.stack([cos, -sin, uniform(shift)], 1), torch.stack([sin, cos, uniform(shift)], 1)]
        grid = F.affine_grid(torch.stack(rows, 1), x.shape, align_corners=False)
        return F.grid_sample(x, grid, align_corners=False)

    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    x, y = torch.from_numpy(preprocess(images)), torch.from_numpy(labels)
    model = Digits()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    steps = EPOCHS * (len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=0.1, total_steps=steps, pct_start=0.1)
    for epoch in range(EPOCHS):
        total = 0.0
        for batch in torch.randperm(len(x)).split(BATCH):
            loss = F.cross_entropy(model(augmented(x[batch])), y[batch], label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item() * len(batch)
        if (epoch + 1) % 10 == 0:
            print(f"epoch {epoch + 1:3d}  training loss {total / len(x):.4f}", flush=True)

    # The running statistics lag behind and saw augmented images: take them again from the training set as it is.
    for norm in model.norm.values():
        norm.reset_running_stats()
        norm.momentum = None
    model.train()
    with torch.no_grad():
        model(x)

    parameters = {}
    for name, *_ in CONVOLUTIONS:
        key = name.replace(".", "_")
        norm = model.norm[key]
        parameters[f"{name}.conv.weight"] = model.conv[key].weight
        parameters[f"{name}.norm.scale"] = norm.weight
        parameters[f"{name}.norm.bias"] = norm.bias
        parameters[f"{name}.norm.mean"] = norm.running_mean
        parameters[f"{name}.norm.variance"] = norm.running_var
    parameters["classifier.weight"] = model.classifier.weight
    parameters["classifier.bias"] = model.classifier.bias
    return {name: value.detach().numpy().copy() for name, value in parameters.items()}


def build(parameters):
    """The ONNX model: opset 17, BatchNormalization left as nodes of its own, batch dimension N."""
    from onnx import TensorProto, helper, numpy_helper

    nodes = []

    def add(operator, name, inputs, output=None, **attributes):
        output = output or f"{name}.out"
        nodes.append(helper.make_node(operator, inputs, [output], name, **attributes))
        return output

    def unit(name, x):
        _, _, _, kernel, stride, groups = next(row for row in CONVOLUTIONS if row[0] == name)
        x = add("Conv", f"{name}.conv", [x, f"{name}.conv.weight"], kernel_shape=[kernel] * 2, strides=[stride] * 2,
                pads=[kernel // 2] * 4, dilations=[1, 1], group=groups)
        statistics = [f"{name}.norm.{part}" for part in ("scale", "bias", "mean", "variance")]
        return add("BatchNormalization", f"{name}.norm", [x, *statistics], epsilon=EPSILON)

    def relu(name, x):
        return add("Relu", f"{name}.relu", [x])

    x = relu("stem", unit("stem", "image"))
    branch = unit("block.1", relu("block.0", unit("block.0", x)))
    x = relu("block", add("Add", "block.add", [branch, x]))
    for name in ("depthwise", "pointwise", "head"):
        x = relu(name, unit(name, x))
    x = add("Flatten", "flatten", [add("GlobalAveragePool", "pool", [x])], axis=1)
    add("Gemm", "classifier", [x, "classifier.weight", "classifier.bias"], "logits", transB=1)

    graph = helper.make_graph(
        nodes, "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, 8, 8])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", CLASSES])],
        [numpy_helper.from_array(value, name) for name, value in parameters.items()])
    return helper.make_model(
        graph, producer_name="train_digits.py", ir_version=8, opset_imports=[helper.make_opsetid("", 17)],
        doc_string="Handwritten digits (UCI, 8x8 grey levels divided by 255) to ten logits.")


def session():
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(HERE / "digits.onnx"), options, providers=["CPUExecutionProvider"])


def logits(runner, images):
    return runner.run(["logits"], {"image": preprocess(images)})[0]


def write(train_set, test_set):
    import onnx
    from PIL import Image

    for folder, (images, labels) in (("train", train_set), ("test", test_set)):
        (HERE / folder).mkdir(exist_ok=True)
        np.save(HERE / folder / "images.npy", np.ascontiguousarray(images))
        np.save(HERE / folder / "labels.npy", labels)
    images, labels = test_set
    (HERE / "png").mkdir(exist_ok=True)
    lines = []
    for index in range(PNG_IMAGES):
        name = f"digit-{index:02d}.png"
        Image.fromarray(images[index, 0]).save(HERE / "png" / name, optimize=True)
        lines.append(f"{name} {labels[index]}\n")
    (HERE / "png" / "labels.txt").write_text("".join(lines))
    onnx.save(build(train(*train_set)), HERE / "digits.onnx")
    np.save(HERE / "expected.npy", logits(session(), images[:EXPECTED_IMAGES]))


def check():
    import onnx

    model = onnx.load(HERE / "digits.onnx")
    onnx.checker.check_model(model, full_check=True)
    elements = sum(int(np.prod(tensor.dims)) for tensor in model.graph.initializer)
    print(f"digits.onnx: {len(model.graph.node)} nodes, {elements:,} weights, {(HERE / 'digits.onnx').stat().st_size:,} bytes")
    runner = session()
    for folder in ("train", "test"):
        images, labels = np.load(HERE / folder / "images.npy"), np.load(HERE / folder / "labels.npy")
        right = int((logits(runner, images).argmax(1) == labels).sum())
        print(f"{folder}: {right} of {len(labels)} right, {100 * right / len(labels):.2f} %")
    expected = np.load(HERE / "expected.npy")
    found = logits(runner, np.load(HERE / "test" / "images.npy")[:EXPECTED_IMAGES])
    print(f"expected.npy: largest difference {np.abs(found - expected).max():.2g}, largest logit {np.abs(expected).max():.3g}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only check the files as they are")
    if not parser.parse_args().check:
        write(*load_split())
    check()
