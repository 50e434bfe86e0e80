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
