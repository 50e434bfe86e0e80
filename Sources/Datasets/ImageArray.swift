import Tensors

/// Images in one tensor: N,C,H,W, or N,H,W,C where only the last axis can be the channels, or N,H,W.
///
/// Pixels of uint8 and floats of every width can be prepared; other numbers only be fed as they are.
struct ImageArray: Sendable {
    let tensor: TensorData
    let count: Int
    let channels: Int
    let width: Int
    let height: Int
    /// Whether images are 8-bit pixels.
    var isPixels: Bool { tensor.elementType == .uint8 }
    private let isChannelsLast: Bool

    /// - Throws: `unsupported` for elements that are no numbers of whole bytes, `invalidData` for other shapes.
    init(_ tensor: TensorData) throws(CNNOptError) {
        guard tensor.elementType.isNumberOfWholeBytes else { throw Self.unsuited(tensor.elementType) }
        let shape = tensor.shape
        switch shape.count {
        case 3: (count, channels, height, width, isChannelsLast) = (shape[0], 1, shape[1], shape[2], false)
        case 4 where shape[1] != 1 && shape[1] != 3 && (shape[3] == 1 || shape[3] == 3):
            (count, channels, height, width, isChannelsLast) = (shape[0], shape[3], shape[1], shape[2], true)
        case 4: (count, channels, height, width, isChannelsLast) = (shape[0], shape[1], shape[2], shape[3], false)
        default:
            throw CNNOptError(.invalidData, "images have the shape N,C,H,W or N,H,W, but this array has \(shape)")
        }
        self.tensor = tensor
        if count > 0 {
            guard channels > 0 else { throw CNNOptError(.invalidData, "shape \(shape) has no channels") }
            // Channels count as pixels here: an array may have any number of them.
            try checkedPixelCount(width: width, height: checkedProduct([height, channels]) ?? -1)
        }
    }

    /// Whether the elements can become pixels or floats.
    var canBePrepared: Bool { Self.preparedTypes.contains(tensor.elementType) }

    private static let preparedTypes: [ElementType] = [.uint8, .float32, .float16, .float64, .bfloat16]

    func byteImage(_ index: Int) throws(CNNOptError) -> Raster<UInt8> {
        try tensor.withElements(UInt8.self) { (all) throws(CNNOptError) in image(index, all) { $0 } }
    }

    func floatImage(_ index: Int) throws(CNNOptError) -> Raster<Float> {
        switch tensor.elementType {
        case .float32:
            try tensor.withElements(Float.self) { (all) throws(CNNOptError) in image(index, all) { $0 } }
        case .float16:
            try tensor.withElements(Float16.self) { (all) throws(CNNOptError) in image(index, all) { Float($0) } }
        case .float64:
            try tensor.withElements(Double.self) { (all) throws(CNNOptError) in image(index, all) { Float($0) } }
        case .bfloat16:
            try tensor.withElements(BFloat16.self) { (all) throws(CNNOptError) in image(index, all) { $0.float } }
        default: throw Self.unsuited(tensor.elementType)
        }
    }

    private static func unsuited(_ type: ElementType) -> CNNOptError {
        CNNOptError(
            .unsupported,
            "images of type \(type.onnxName)",
            remedy: "store them as uint8 pixels or as float32"
        )
    }

    @inline(__always)
    private func image<Stored, Sample>(
        _ index: Int,
        _ all: UnsafeBufferPointer<Stored>,
        _ convert: (Stored) -> Sample
    ) -> Raster<Sample> {
        let pixels = width * height
        let size = pixels * channels
        let stored = UnsafeBufferPointer(rebasing: all[index * size..<(index + 1) * size])
        let samples = [Sample](unsafeUninitializedCapacity: size) { out, initialized in
            if isChannelsLast || channels == 1 {
                for position in 0..<size { out[position] = convert(stored[position]) }
            } else {
                for channel in 0..<channels {
                    for pixel in 0..<pixels {
                        out[pixel * channels + channel] = convert(stored[channel * pixels + pixel])
                    }
                }
            }
            initialized = size
        }
        return Raster(width: width, height: height, channels: channels, samples: samples)
    }
}

extension ElementType {
    fileprivate var isNumberOfWholeBytes: Bool {
        (isInteger || isFloat || self == .bool) && bitWidth % 8 == 0
    }
}
