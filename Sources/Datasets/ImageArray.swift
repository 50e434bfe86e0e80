import Tensors

/// Images in one tensor of uint8 or float32: N,C,H,W, or N,H,W,C where only the last axis can be the channels, or N,H,W.
struct ImageArray: Sendable {
    let tensor: TensorData
    let count: Int
    let channels: Int
    let width: Int
    let height: Int
    let isFloat: Bool
    private let isChannelsLast: Bool

    /// - Throws: `unsupported` for other element types, `invalidData` for other shapes.
    init(_ tensor: TensorData) throws(CNNOptError) {
        guard tensor.elementType == .uint8 || tensor.elementType == .float32 else {
            throw CNNOptError(
                .unsupported,
                "images of type \(tensor.elementType.onnxName)",
                remedy: "store them as uint8 pixels or as float32"
            )
        }
        let shape = tensor.shape
        switch shape.count {
        case 3: (count, channels, height, width, isChannelsLast) = (shape[0], 1, shape[1], shape[2], false)
        case 4 where shape[1] != 1 && shape[1] != 3 && (shape[3] == 1 || shape[3] == 3):
            (count, channels, height, width, isChannelsLast) = (shape[0], shape[3], shape[1], shape[2], true)
        case 4: (count, channels, height, width, isChannelsLast) = (shape[0], shape[1], shape[2], shape[3], false)
        default:
            throw CNNOptError(.invalidData, "images have the shape N,C,H,W or N,H,W, but this array has \(shape)")
        }
        isFloat = tensor.elementType == .float32
        self.tensor = tensor
        if count > 0 {
            guard channels > 0 else { throw CNNOptError(.invalidData, "shape \(shape) has no channels") }
            // Channels count as pixels here: an array may have any number of them.
            try checkedPixelCount(width: width, height: checkedProduct([height, channels]) ?? -1)
        }
    }

    func byteImage(_ index: Int) throws(CNNOptError) -> Raster<UInt8> {
        try tensor.withElements(UInt8.self) { (all) throws(CNNOptError) in image(index, all) }
    }

    func floatImage(_ index: Int) throws(CNNOptError) -> Raster<Float> {
        try tensor.withElements(Float.self) { (all) throws(CNNOptError) in image(index, all) }
    }

    private func image<Sample>(_ index: Int, _ all: UnsafeBufferPointer<Sample>) -> Raster<Sample> {
        let pixels = width * height
        let size = pixels * channels
        let stored = UnsafeBufferPointer(rebasing: all[index * size..<(index + 1) * size])
        let samples: [Sample]
        if isChannelsLast || channels == 1 {
            samples = Array(stored)
        } else {
            samples = [Sample](unsafeUninitializedCapacity: size) { out, initialized in
                for channel in 0..<channels {
                    for pixel in 0..<pixels { out[pixel * channels + channel] = stored[channel * pixels + pixel] }
                }
                initialized = size
            }
        }
        return Raster(width: width, height: height, channels: channels, samples: samples)
    }
}
