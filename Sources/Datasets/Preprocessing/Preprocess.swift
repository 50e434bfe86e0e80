import Tensors

/// How images become network input, in this order whatever the order of the keys: channels, resize, crop, then for each
/// value `(pixel × scale − mean) / std + add`, rounded to nearest (ties to even) and limited to the range for integer types.
///
/// What is not given is left alone: no resizing, scale 1, mean 0, std 1. Mean and std are in the units of `pixel × scale`,
/// so without a scale they are in raw pixel units (0 to 255).
package struct Preprocess: Sendable, Equatable {
    package enum Resize: Sendable, Equatable {
        /// The shorter side gets this length; the longer one follows, rounded down.
        case shortSide(Int)
        case exact(width: Int, height: Int)
    }

    package struct Size: Sendable, Equatable {
        package var width: Int
        package var height: Int

        package init(width: Int, height: Int) {
            self.width = width
            self.height = height
        }
    }

    /// The factor of pixels, kept as a quotient: pixel × 1/255 is computed as pixel / 255, as NumPy users write it.
    package struct Scale: Sendable, Equatable {
        package var numerator: Float
        package var denominator: Float

        package init(_ numerator: Float, over denominator: Float = 1) {
            self.numerator = numerator
            self.denominator = denominator
        }
    }

    package enum Layout: String, Sendable, CaseIterable { case nchw, nhwc }

    package enum Channels: String, Sendable, CaseIterable {
        case rgb, bgr
        /// 0.299 R + 0.587 G + 0.114 B.
        case grey
    }

    package var resize: Resize?
    /// The part around the middle that is kept.
    package var crop: Size?
    package var scale = Scale(1)
    /// One number for each channel in the order of `channels`, or one for all; empty for 0.
    package var mean: [Float] = []
    /// One number for each channel in the order of `channels`, or one for all; empty for 1.
    package var std: [Float] = []
    /// What is added at the end; nil for 0.
    package var add: Float?
    /// Nil until it is known what the network takes; then NCHW.
    package var layout: Layout?
    /// Nil for the order of the source: RGB for image files, as stored for arrays.
    package var channels: Channels?
    /// float32, float16, uint8 or int8; nil until it is known what the network takes; then float32.
    package var elementType: ElementType?

    /// Nothing is changed but the element type, which becomes float32.
    package init() {}

    /// The element types that images can be turned into.
    package static let elementTypes: [ElementType] = [.float32, .int8, .uint8, .float16]
}

extension Preprocess: CustomStringConvertible {
    /// The settings in the syntax that ``init(parsing:)`` reads; empty where nothing is set.
    package var description: String {
        var parts: [String] = []
        switch resize {
        case .shortSide(let length): parts.append("resize=\(length)")
        case .exact(let width, let height): parts.append("resize=\(width)x\(height)")
        case nil: break
        }
        if let crop { parts.append("crop=\(crop.width)x\(crop.height)") }
        if scale != Scale(1) {
            parts.append("scale=\(Self.text(scale.numerator))")
            if scale.denominator != 1 { parts[parts.count - 1] += "/\(Self.text(scale.denominator))" }
        }
        if !mean.isEmpty { parts.append("mean=" + mean.map(Self.text).joined(separator: ":")) }
        if !std.isEmpty { parts.append("std=" + std.map(Self.text).joined(separator: ":")) }
        if let add { parts.append("add=\(Self.text(add))") }
        if let layout { parts.append("layout=\(layout)") }
        if let channels { parts.append("channels=\(channels)") }
        if let elementType { parts.append("dtype=\(elementType)") }
        return parts.joined(separator: ",")
    }

    private static func text(_ value: Float) -> String {
        let text = "\(value)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
