import Datasets
import GraphIR
import ONNXFormat
import Operators
import Passes
import Tensors

/// Images to learn from and to measure on.
public struct DataOptions: Sendable {
    /// A `.npy`, `.npz` or idx file, or a folder of JPEG, PNG or TensorProto files, for calibration and, without
    /// ``evalData``, evaluation.
    public var data: String?
    /// Labels of ``data``.
    public var labels: String?
    /// Held-out images and labels for the accuracy gate.
    public var evalData: String?
    public var evalLabels: String?
    /// The class index of label 0.
    public var labelOffset = 0
    /// How pixels become network input, such as `scale=1/255,mean=0.5,std=0.5`.
    public var preprocess = ""
    /// Use the first so many of ``data`` after a seeded shuffle.
    public var samples: Int?

    public init() {}
}

extension ImageDataset: SampleSource {}

/// The images of a job, opened and fitted to a model's input.
struct JobData {
    /// Images to learn from.
    var calibration: ImageDataset
    /// Images to measure on, with labels where there are some.
    var evaluation: ImageDataset
    /// Remarks for the report.
    var notes: [String]
}

extension DataOptions {
    /// Opens the data of the main job: evaluation data as given, or a quarter of the data held out.
    /// - Returns: nil where there is none.
    func open(for model: Model, seed: UInt64) throws(CNNOptError) -> JobData? {
        guard let data else {
            try checkNothingIsLeftOver()
            return nil
        }
        let all = try fitted(data, labels, samples: samples, seed: seed, to: model)
        if let evalData {
            let held = try fitted(evalData, evalLabels, samples: nil, seed: seed, to: model)
            return JobData(
                calibration: all,
                evaluation: held,
                notes: ["\(all.count) images were learned from; measured on the \(held.count) of --eval-data."]
                    + (labels != nil && held.labels == nil
                        ? ["--eval-data has no labels: agreement with the original is measured, not top-1."] : [])
            )
        }
        guard evalLabels == nil else {
            throw CNNOptError(.usage, "--eval-labels without --eval-data", remedy: "labels of --data go with --labels")
        }
        guard all.count >= 8 else {
            return JobData(
                calibration: all,
                evaluation: all,
                notes: ["Measured on the \(all.count) images that were learned from: too few to hold some out."]
            )
        }
        let held = all.count / 4
        let shuffled = all.shuffled(seed: seed)
        let (evaluation, calibration) = shuffled.split(at: held)
        return JobData(
            calibration: calibration,
            evaluation: evaluation,
            notes: [
                "No --eval-data: of \(all.count) images \(calibration.count) were learned from and \(evaluation.count) held out to measure on."
            ]
        )
    }

    /// Opens ``data`` for `validate`; nil where there is none.
    func openAll(for model: Model, seed: UInt64) throws(CNNOptError) -> ImageDataset? {
        guard let data else {
            try checkNothingIsLeftOver()
            return nil
        }
        return try fitted(data, labels, samples: samples, seed: seed, to: model)
    }

    /// Options that say something about images mean nothing without them: a script that sets one has forgotten the other.
    private func checkNothingIsLeftOver() throws(CNNOptError) {
        let given = [
            ("--labels", labels != nil), ("--eval-data", evalData != nil), ("--eval-labels", evalLabels != nil),
            ("--label-offset", labelOffset != 0), ("--preprocess", !preprocess.isEmpty), ("--samples", samples != nil),
        ]
        if let (name, _) = given.first(where: \.1) {
            throw CNNOptError(.usage, "\(name) without --data", remedy: "give the images with --data")
        }
    }

    private func fitted(
        _ data: String,
        _ labels: String?,
        samples: Int?,
        seed: UInt64,
        to model: Model
    ) throws(CNNOptError) -> ImageDataset {
        let feeds = model.graph.feeds
        guard let feed = feeds.first, feeds.count == 1 else {
            throw CNNOptError(
                .unsupported,
                "--data feeds images to a model with one input; this one has \(feeds.count)",
                remedy: "leave --data out: outputs are then compared on seeded inputs"
            )
        }
        let opened = try ImageDataset.open(
            data: data,
            labels: labels,
            labelOffset: labelOffset,
            preprocess: try Preprocess(parsing: preprocess),
            samples: samples,
            seed: seed,
            readTensor: { (path) throws(CNNOptError) in try TensorProtoFile.read(path: path).data }
        )
        let type = model.graph[feed].type?.tensor ?? TensorType(nil, nil)
        return try opened.fitted(
            toInput: model.graph[feed].name,
            shape: (type.shape ?? []).map(\.size),
            elementType: type.elementType ?? .float32
        )
    }
}

/// Random inputs for a model, where there is no data.
func seededSamples(for model: Model, count: Int, seed: UInt64) throws(CNNOptError) -> SeededSamples {
    var inputs: [SeededSamples.Input] = []
    for feed in model.graph.feeds {
        guard let type = model.graph[feed].type?.tensor, let shape = type.shape, !shape.isEmpty,
            let elementType = type.elementType, elementType != .string
        else {
            throw CNNOptError(
                .unsupported,
                "input '\(model.graph[feed].name)' cannot be filled with random numbers: its element type or rank is not known"
            )
        }
        inputs.append(.init(elementType: elementType, shape: Array(shape.defaultSizes.dropFirst())))
    }
    guard !inputs.isEmpty else { throw CNNOptError(.unsupported, "the model takes no input") }
    return SeededSamples(count: count, inputs: inputs, seed: seed)
}

extension [Dimension] {
    /// Sizes to run with where the model leaves dimensions open: 64 and 192 for the height and width of images, else 1.
    var defaultSizes: [Int] {
        enumerated().map { axis, dimension in
            dimension.size ?? (count == 4 && axis >= 2 ? (axis == 2 ? 64 : 192) : 1)
        }
    }
}
