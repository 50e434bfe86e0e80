import Tensors

extension Preprocess {
    /// The size between resizing and cropping.
    func resizedSize(width: Int, height: Int) -> Size {
        switch resize {
        case nil: Size(width: width, height: height)
        case .exact(let newWidth, let newHeight): Size(width: newWidth, height: newHeight)
        case .shortSide(let length):
            width <= height
                ? Size(width: length, height: length * height / width)
                : Size(width: length * width / height, height: length)
        }
    }

    /// The value that a sample becomes; `channel` counts in the order of `channels`.
    func value(_ sample: Float, channel: Int) -> Float {
        let scaled = sample * scale.numerator / scale.denominator
        return (scaled - Self.pick(mean, channel, 0)) / Self.pick(std, channel, 1) + (add ?? 0)
    }

    private static func pick(_ list: [Float], _ channel: Int, _ absent: Float) -> Float {
        list.isEmpty ? absent : list.count == 1 ? list[0] : list[channel]
    }

    /// Writes an image as network input: layout, channel order and values.
    /// - Parameter target: the room of one sample, `width × height × channels` elements of the final element type.
    func write(_ image: Raster<UInt8>, to target: UnsafeMutableRawPointer) {
        switch elementType {
        case .int8: writeByTable(image, to: target.assumingMemoryBound(to: Int8.self))
        case .uint8: writeByTable(image, to: target.assumingMemoryBound(to: UInt8.self))
        case .float16: writeByTable(image, to: target.assumingMemoryBound(to: Float16.self))
        default: writeByTable(image, to: target.assumingMemoryBound(to: Float.self))
        }
    }

    /// Writes an image as network input: layout, channel order and values.
    /// - Parameter target: the room of one sample, `width × height × channels` elements of the final element type.
    func write(_ image: Raster<Float>, to target: UnsafeMutableRawPointer) {
        switch elementType {
        case .int8: writeByValue(image, to: target.assumingMemoryBound(to: Int8.self))
        case .uint8: writeByValue(image, to: target.assumingMemoryBound(to: UInt8.self))
        case .float16: writeByValue(image, to: target.assumingMemoryBound(to: Float16.self))
        default: writeByValue(image, to: target.assumingMemoryBound(to: Float.self))
        }
    }

    /// Eight bits have 256 values: each is computed once a channel.
    private func writeByTable<Output: NetworkInput>(_ image: Raster<UInt8>, to target: UnsafeMutablePointer<Output>) {
        var table: [Output] = []
        for channel in 0..<image.channels {
            for sample in 0..<256 { table.append(Output(nearest: value(Float(sample), channel: channel))) }
        }
        table.withUnsafeBufferPointer { table in
            place(image, to: target) { sample, channel in table[channel << 8 | Int(sample)] }
        }
    }

    private func writeByValue<Output: NetworkInput>(_ image: Raster<Float>, to target: UnsafeMutablePointer<Output>) {
        place(image, to: target) { sample, channel in Output(nearest: value(sample, channel: channel)) }
    }

    @inline(__always)
    private func place<Sample, Output>(
        _ image: Raster<Sample>,
        to target: UnsafeMutablePointer<Output>,
        _ convert: (Sample, Int) -> Output
    ) {
        let channels = image.channels
        let pixels = image.width * image.height
        let (pixelStep, channelStep) = layout == .nhwc ? (channels, 1) : (1, pixels)
        image.samples.withUnsafeBufferPointer { samples in
            for channel in 0..<channels {
                let stored = channels == 3 && self.channels == .bgr ? 2 - channel : channel
                for pixel in 0..<pixels {
                    target[pixel * pixelStep + channel * channelStep] =
                        convert(samples[pixel * channels + stored], channel)
                }
            }
        }
    }
}

/// An element type of network input.
private protocol NetworkInput {
    /// The nearest value of the type; integers round ties to even, saturate, and take 0 for what is not a number.
    init(nearest value: Float)
}

extension Float: NetworkInput { fileprivate init(nearest value: Float) { self = value } }
extension Float16: NetworkInput { fileprivate init(nearest value: Float) { self = Float16(value) } }
extension Int8: NetworkInput { fileprivate init(nearest value: Float) { self = saturated(value) } }
extension UInt8: NetworkInput { fileprivate init(nearest value: Float) { self = saturated(value) } }

private func saturated<I: FixedWidthInteger>(_ value: Float) -> I {
    if value.isNaN { return 0 }
    let rounded = value.rounded(.toNearestOrEven)
    if rounded <= Float(I.min) { return .min }
    if rounded >= Float(I.max) { return .max }
    return I(rounded)
}
