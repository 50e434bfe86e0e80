import Tensors

extension ImageDataset {
    /// The dataset prepared for a network's input. What the preprocessing leaves open is chosen by the input: the layout
    /// (NHWC where the last axis alone has 1 or 3 elements), grey for one channel, the element type.
    /// - Parameters:
    ///   - shape: four axes with the batch first; nil where a size is free.
    ///   - inputName: for messages.
    /// - Throws: `usage` saying what to add to `--preprocess` where the images do not fit; `unsupported` where images
    ///   cannot become such input.
    package func fitted(
        toInput inputName: String,
        shape: [Int?],
        elementType type: ElementType
    ) throws(CNNOptError) -> ImageDataset {
        if let samples = try unchanged(inputName, shape, type) { return samples }
        guard shape.count == 4, Preprocess.elementTypes.contains(type) else {
            throw CNNOptError(
                .unsupported,
                "input '\(inputName)' takes \(type.onnxName) of shape \(Self.text(shape)); images can be fed to four axes "
                    + "of float, float16, uint8 or int8"
            )
        }
        var changed = preprocess
        if changed.layout == nil {
            let isChannelCount = shape.map { $0 == 1 || $0 == 3 }
            changed.layout = isChannelCount[3] && !isChannelCount[1] ? .nhwc : .nchw
        }
        let isLast = changed.layout == .nhwc
        if changed.channels == nil, finalShape.channels == 3, shape[isLast ? 3 : 1] == 1 { changed.channels = .grey }
        if changed.elementType == nil {
            guard type != .int8 || changed.add != nil else {
                throw CNNOptError(
                    .usage,
                    "input '\(inputName)' takes int8, pixels go up to 255",
                    remedy: "say how they are shifted, e.g. --preprocess dtype=int8,add=-128"
                )
            }
            changed.elementType = type
        }
        guard changed.elementType == type else {
            throw CNNOptError(
                .usage,
                "--preprocess: dtype=\(changed.elementType ?? .float32), but input '\(inputName)' takes \(type)"
            )
        }
        let result = try prepared(changed)
        guard zip(shape.dropFirst(), result.sampleShape).allSatisfy({ $0 == nil || $0 == $1 }) else {
            throw result.misfit(inputName, shape)
        }
        return result
    }

    /// The samples as they are, where their elements can only be fed so or are of a type that nothing is turned into; nil
    /// where images are to be prepared.
    private func unchanged(
        _ inputName: String,
        _ shape: [Int?],
        _ type: ElementType
    ) throws(CNNOptError) -> ImageDataset? {
        guard case .array(let array) = source else { return nil }
        let stored = array.tensor.elementType
        guard stored == type, !array.canBePrepared || !Preprocess.elementTypes.contains(type) else {
            if array.canBePrepared { return nil }
            throw CNNOptError(
                .unsupported,
                "images of type \(stored.onnxName), but input '\(inputName)' takes \(type.onnxName)",
                remedy: "store them as uint8 pixels, as float32, or in the input's own type"
            )
        }
        var settings = preprocess
        settings.elementType = nil
        guard settings == Preprocess(), preprocess.elementType == nil || preprocess.elementType == type else {
            throw CNNOptError(
                .usage,
                "--preprocess: samples of type \(stored.onnxName) can only be fed as they are",
                remedy: "leave it out, or store them as uint8 pixels or as float32"
            )
        }
        let sizes = array.tensor.shape
        let readings = sizes.count == 3 ? [[sizes[0], 1] + sizes[1...], sizes + [1]] : [sizes]
        let fitting = readings.first { reading in
            reading.count == shape.count
                && zip(shape, reading).dropFirst().allSatisfy { $0 == nil || $0 == $1 }
        }
        guard let fitting else {
            throw CNNOptError(
                .usage,
                "input '\(inputName)' takes \(Self.text(shape)), but the samples have the shape \(sizes)",
                remedy: "samples of type \(stored.onnxName) can only be fed as they are"
            )
        }
        var changed = preprocess
        changed.elementType = type
        changed.layout = .nchw
        return try with(.unchanged(try array.tensor.reshaped(fitting)), changed)
    }

    private func misfit(_ inputName: String, _ shape: [Int?]) -> CNNOptError {
        let (channelAxis, heightAxis, widthAxis) = preprocess.layout == .nhwc ? (3, 1, 2) : (1, 2, 3)
        var error = CNNOptError(
            .usage,
            "input '\(inputName)' takes \(Self.text(shape)), but the images give \(Self.text([shape[0]] + sampleShape))"
        )
        if let channels = shape[channelAxis], channels != finalShape.channels {
            error.remedy = "check layout= and channels= of --preprocess"
        } else if let height = shape[heightAxis], let width = shape[widthAxis] {
            error.remedy = "bring them to that size: --preprocess resize=\(width)x\(height), or resize= and crop="
        } else {
            error.remedy = "check resize= and crop= of --preprocess"
        }
        return error
    }

    private static func text(_ shape: [Int?]) -> String {
        "[" + shape.map { $0.map(String.init) ?? "N" }.joined(separator: ",") + "]"
    }
}
