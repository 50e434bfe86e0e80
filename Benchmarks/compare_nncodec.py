"""Size at equal answers, and speed, of compact files with quantised weights beside NNCodec, the coder of MPEG's NNR standard.

    compare_nncodec.py .build/release/cnnopt model.onnx --calibration train.npy --images test.npy --labels labels.npy \\
        --nncodec ~/nncodec/bin/python

Needs numpy and onnxruntime; `--nncodec` names a Python of its own with nncodec (which wants numpy < 2) and onnx. Images are as the
network takes them, float32 and in its layout; `--preprocess layout=nhwc` tells cnnopt which that is. cnnopt learns from the calibration
images; NNCodec, with dependent quantisation and one qp for all weights, sees none and is not tuned on any. The tables say:

bytes      of the whole .cnz, graph and header included; of NNCodec's bitstream, which holds weights alone
seconds    what making them took: cnnopt's whole command with its calibration and all threads, NNCodec's encoding alone
agree      % of the held-out images with the original's answer; top-1 needs labels
KL         mean divergence of the original's class probabilities from the decoded model's, in nats
ratio      bytes of ours / NNCodec's at the same agreement or KL, the logarithm of our bytes interpolated over agreement or log KL, for
           each point of NNCodec within our range. Where ours has no slope, neighbouring points are pooled into their mean.

Speeds compare each point of NNCodec with ours of the nearest KL, in turn: what `cnnopt pack` and `cnnopt unpack` say with --verbose that coding
took, and the whole processes, start and files included; NNCodec inside a process that runs already, so that its start and imports (seconds) are not counted. Its
encoding includes the choice of values on its grid, which `pack` does not: for cnnopt that is in the seconds of the first table.
Above 1, cnnopt is faster.
"""

import argparse
import contextlib
import json
import math
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy
import onnxruntime


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cnnopt", help="the command to measure")
    parser.add_argument("model", type=Path)
    parser.add_argument("--calibration", type=Path, required=True, help=".npy of images that cnnopt learns from")
    parser.add_argument("--images", type=Path, required=True, help=".npy of held-out images")
    parser.add_argument("--labels", type=Path, help="their labels: .npy of integers, or text whose lines end with one")
    parser.add_argument("--label-offset", type=int, default=0, help="the class index of label 0")
    parser.add_argument("--preprocess", help="what cnnopt is told of the calibration images")
    parser.add_argument("--nncodec", required=True, help="a Python that has nncodec")
    parser.add_argument("--qp", type=int, nargs="+", default=[-40, -36, -32, -28], help="NNCodec's steps")
    parser.add_argument("--distortion", nargs="+", default=["0.001", "0.003", "0.01", "0.03"], help="our divergences")
    parser.add_argument("--passes", default="simplify,quant(codec,distortion={})", help="{} stands for the divergence")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5, help="each speed is the median of so many runs; 0 leaves speeds out")
    parser.add_argument("--results", type=Path, help="keep the coded and decoded models in this folder")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    return parser.parse_args()


def run(command):
    """Wall time of a whole process and what it printed; what it says on standard error is shown where it fails."""
    start = time.perf_counter()
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    taken = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stderr.strip()}")
    return taken, done.stdout


def seconds(command):
    return run(command)[0]


def coding(command):
    """Seconds that coding took inside the process, and those of the whole process."""
    whole, text = run(command + ["--verbose"])
    return float(re.search(r"coded in ([\d.]+) ms", text)[1]) / 1e3, whole


class NNCodec:
    """NNCodec in a process of its own, which codes the model each time that it is called with a qp."""

    def __init__(self, python, model, folder):
        self.log = folder / "nncodec.log"
        server = Path(__file__).with_name("nncodec_server.py")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [python, str(server), str(model), str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )

    def __call__(self, qp):
        with contextlib.suppress(BrokenPipeError):
            print(qp, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"NNCodec ended with status {self.process.wait()}:\n{self.log.read_text()[-2000:]}")
        return json.loads(answer)

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()


def first_outputs(model, images):
    """The first output on all images, a row for each; a batch that the model fixes is kept, the last one filled up."""
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    node = session.get_inputs()[0]
    batch = node.shape[0] if isinstance(node.shape[0], int) else 50
    rows = []
    for start in range(0, len(images), batch):
        part = images[start : start + batch]
        filled = numpy.concatenate([part, numpy.repeat(part[-1:], batch - len(part), axis=0)])
        rows.append(session.run([session.get_outputs()[0].name], {node.name: filled})[0].reshape(batch, -1)[: len(part)])
    return numpy.concatenate(rows).astype(numpy.float64)


def are_probabilities(outputs):
    return outputs.min() >= 0 and numpy.abs(outputs.sum(axis=1) - 1).max() < 1e-3


def log_probabilities(outputs, probabilities):
    """Of each class, from probabilities (none taken as less than 1e-12) or from scores before a softmax."""
    logits = numpy.log(numpy.maximum(outputs, 1e-12)) if probabilities else outputs
    logits = logits - logits.max(axis=1, keepdims=True)
    return logits - numpy.log(numpy.exp(logits).sum(axis=1, keepdims=True))


class Judge:
    """Compares decoded models with the original on the held-out images."""

    def __init__(self, options):
        self.images = numpy.load(options.images)
        self.labels = None
        if options.labels:
            if options.labels.suffix == ".npy":
                labels = numpy.load(options.labels).reshape(-1)
            else:
                labels = numpy.array([int(line.split()[-1]) for line in options.labels.read_text().splitlines() if line.strip()])
            if len(labels) != len(self.images):
                raise SystemExit(f"{len(labels)} labels for {len(self.images)} images")
            self.labels = labels + options.label_offset
        outputs = first_outputs(options.model, self.images)
        self.probabilities = are_probabilities(outputs)
        self.original = log_probabilities(outputs, self.probabilities)
        self.learned = numpy.load(options.calibration)
        self.answers = first_outputs(options.model, self.learned).argmax(axis=1)

    def top1(self, logs):
        return None if self.labels is None else 100 * float((logs.argmax(axis=1) == self.labels).mean())

    def __call__(self, model):
        logs = log_probabilities(first_outputs(model, self.images), self.probabilities)
        return {
            "top1": self.top1(logs),
            "agreement": 100 * float((logs.argmax(axis=1) == self.original.argmax(axis=1)).mean()),
            "learnedAgreement": 100 * float((first_outputs(model, self.learned).argmax(axis=1) == self.answers).mean()),
            "divergence": float((numpy.exp(self.original) * (self.original - logs)).sum(axis=1).mean()),
        }


def our_point(distortion, options, judge, folder):
    packed, decoded = folder / f"cnnopt{distortion}.cnz", folder / f"cnnopt{distortion}.onnx"
    passes = options.passes.replace("{}", distortion)
    command = [options.cnnopt, options.model, packed, "--passes", passes, "--quiet"]
    command += ["--data", options.calibration, "--eval-data", options.calibration]
    command += ["--preprocess", options.preprocess] if options.preprocess else []
    taken = seconds(command)
    seconds([options.cnnopt, "unpack", packed, decoded])
    return {
        "name": f"cnnopt {distortion}", "distortion": distortion, "bytes": packed.stat().st_size, "seconds": taken,
        "decoded": decoded, **judge(decoded),
    }


def their_point(qp, coder, judge, folder):
    answer = coder(qp)
    return {
        "name": f"NNCodec {qp}", "qp": qp, "bytes": answer["bytes"], "seconds": answer["encodeSeconds"],
        "weights": answer["weights"], **judge(folder / f"nncodec{qp}.onnx"),
    }


def strictly_rising(points):
    """(quality, log bytes) in order of bytes, neighbours that do not rise in quality pooled into their means (pool adjacent violators)."""
    pools = []
    for quality, size in sorted(points, key=lambda point: point[1]):
        pools.append((quality, size, 1))
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            (q1, s1, n1), (q2, s2, n2) = pools[-2:]
            n = n1 + n2
            pools[-2:] = [((q1 * n1 + q2 * n2) / n, (s1 * n1 + s2 * n2) / n, n)]
    return [(quality, size) for quality, size, _ in pools]


def size_ratio(ours, point, quality):
    """Our bytes over those of the point at the point's quality, or None outside our range."""
    pools = strictly_rising([(quality(p), math.log(p["bytes"])) for p in ours])
    place = quality(point)
    if not pools[0][0] <= place <= pools[-1][0]:
        return None
    return math.exp(numpy.interp(place, [q for q, _ in pools], [s for _, s in pools])) / point["bytes"]


QUALITIES = {
    "agreement": lambda point: point["agreement"],
    # Of images that one of the two has seen: not a fair comparison, but what a user sees who measures on these.
    "learnedAgreement": lambda point: point["learnedAgreement"],
    # A model that answers exactly as the original does has no logarithm: far below all others.
    "divergence": lambda point: -math.log(max(point["divergence"], 1e-12)),
}


def compare_speed(pair, coder, options, folder):
    """Both coders in turn on one point each, round by round."""
    ours, theirs = pair
    packed, restored = folder / "again.cnz", folder / "again.onnx"
    runs = []
    for _ in range(options.rounds):
        run = {"encode": {}, "decode": {}}
        for threads in options.threads:
            run["encode"][threads] = coding([options.cnnopt, "pack", ours["decoded"], packed, "--threads", threads])
            run["decode"][threads] = coding([options.cnnopt, "unpack", packed, restored, "--threads", threads])
        answer = coder(theirs["qp"])
        run["theirs"] = {"encode": answer["encodeSeconds"], "decode": answer["decodeSeconds"]}
        runs.append(run)
    if restored.read_bytes() != ours["decoded"].read_bytes():
        raise SystemExit(f"{ours['name']} did not come back byte for byte")
    row = {"ours": ours["name"], "theirs": theirs["name"], "weights": theirs["weights"]}
    for what in ("encode", "decode"):
        row[what] = {
            "nncodecSeconds": statistics.median(run["theirs"][what] for run in runs),
            "cnnopt": [
                {
                    "threads": threads,
                    "seconds": statistics.median(run[what][threads][0] for run in runs),
                    "secondsOfProcess": statistics.median(run[what][threads][1] for run in runs),
                    "ratio": statistics.median(run["theirs"][what] / run[what][threads][0] for run in runs),
                    "ratioOfProcess": statistics.median(run["theirs"][what] / run[what][threads][1] for run in runs),
                }
                for threads in options.threads
            ],
        }
    return row


def print_points(points, judge):
    original = judge.top1(judge.original)
    note = "" if original is None else f", top-1 of the original {original:.2f} %"
    print(f"{len(judge.images)} held-out images{note}")
    print(f"agreement of held-out images, and in the last column of the {len(judge.learned)} that ours learned from")
    print(f"{'':16} {'bytes':>9} {'seconds':>8} {'top-1':>6} {'agree':>6} {'KL':>9} {'learned':>7}")
    for point in points:
        top1 = f"{'':6}" if point["top1"] is None else f"{point['top1']:6.2f}"
        figures = f"{point['bytes']:9} {point['seconds']:8.2f} {top1} {point['agreement']:6.2f} {point['divergence']:9.6f} {point['learnedAgreement']:7.2f}"
        print(f"{point['name']:16} {figures}")


def print_ratios(rows):
    text = lambda ratio: f"{'outside':>9}" if ratio is None else f"{ratio:9.4f}"
    print(f"\nbytes, ours / NNCodec\n{'at equal':16} {'agreement':>9} {'learned':>9} {'KL':>9}")
    for row in rows:
        print(f"{row['name']:16} {' '.join(text(row[name]) for name in QUALITIES)}")
    means = []
    for name in QUALITIES:
        inside = [math.log(row[name]) for row in rows if row[name] is not None]
        means.append(math.exp(statistics.fmean(inside)) if inside else None)
    print(f"{'geometric mean':16} {' '.join(map(text, means))}")


def print_speeds(rows):
    for what, command in (("encode", "cnnopt pack"), ("decode", "cnnopt unpack")):
        print(f"\n{command} beside NNCodec's {what}: seconds, million weights a second, times faster; (whole process)")
        for row in rows:
            rate = lambda taken: f"{taken:8.4f} s {row['weights'] / 1e6 / taken:7.2f} Mw/s"
            ours = " ".join(
                f"  threads {e['threads']} {rate(e['seconds'])} {e['ratio']:6.2f}x ({e['ratioOfProcess']:.2f}x)"
                for e in row[what]["cnnopt"]
            )
            print(f"{row['theirs']:12} {rate(row[what]['nncodecSeconds'])} | {row['ours']:14} {ours}")


def measure(options, folder):
    judge = Judge(options)
    coder = NNCodec(options.nncodec, options.model, folder)
    try:
        theirs = [their_point(qp, coder, judge, folder) for qp in options.qp]
        ours = [our_point(distortion, options, judge, folder) for distortion in options.distortion]
        print_points(ours + theirs, judge)
        ratios = [
            {"name": point["name"], **{name: size_ratio(ours, point, quality) for name, quality in QUALITIES.items()}}
            for point in theirs
        ]
        print_ratios(ratios)
        speeds = []
        if options.rounds:
            quality = QUALITIES["divergence"]
            pairs = [(min(ours, key=lambda p: abs(quality(p) - quality(point))), point) for point in theirs]
            speeds = [compare_speed(pair, coder, options, folder) for pair in pairs]
            print_speeds(speeds)
    finally:
        coder.close()
    points = [{key: value for key, value in point.items() if key != "decoded"} for point in ours + theirs]
    return {
        "model": options.model.name, "images": len(judge.images), "top1": judge.top1(judge.original),
        "points": points, "ratios": ratios, "speeds": speeds,
    }


def main():
    options = arguments()
    onnxruntime.set_default_logger_severity(3)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.results or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        print(f"{options.model.name}: {options.passes} beside NNCodec")
        figures = measure(options, folder)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
