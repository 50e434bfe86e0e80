import Tensors

/// The sizes of one convolution.
package struct ConvolutionGeometry: Sendable {
    package var batch: Int
    package var groups: Int
    /// Channels of one group.
    package var inputChannels: Int
    package var outputChannels: Int
    /// The spatial axes, outermost first.
    package var axes: [Windows.Axis]

    package init(batch: Int, groups: Int, inputChannels: Int, outputChannels: Int, axes: [Windows.Axis]) {
        self.batch = batch
        self.groups = groups
        self.inputChannels = inputChannels
        self.outputChannels = outputChannels
        self.axes = axes
    }

    /// The shape of the result.
    package var outputShape: [Int] { [batch, groups * outputChannels] + axes.map(\.output) }
}

/// Convolution as its definition reads: the oracle of the fast one.
package enum ConvolutionLoops {
    /// x: batch × groups·inputChannels × spatial, w: groups·outputChannels × inputChannels × kernel, bias: one for each output
    /// channel; row-major all of them.
    package static func naive(
        _ x: TensorData,
        _ w: TensorData,
        _ bias: TensorData?,
        _ geometry: ConvolutionGeometry,
        threads: Int
    ) throws(CNNOptError) -> TensorData {
        switch x.elementType {
        case .float32: try naive(Float.self, x, w, bias, geometry, threads)
        case .float64: try naive(Double.self, x, w, bias, geometry, threads)
        default: throw CNNOptError(.unsupported, "element type \(x.elementType.onnxName)")
        }
    }

    private static func naive<T: TensorScalar & BinaryFloatingPoint>(
        _ type: T.Type,
        _ x: TensorData,
        _ w: TensorData,
        _ bias: TensorData?,
        _ geometry: ConvolutionGeometry,
        _ threads: Int
    ) throws(CNNOptError) -> TensorData {
        let start = try bias?.array(of: T.self)
        let positions = WindowWalk(geometry.axes)
        let (channels, outputs) = (geometry.inputChannels, geometry.outputChannels)
        return try x.withElements(T.self) { (source) throws(CNNOptError) in
            try w.withElements(T.self) { (weights) throws(CNNOptError) in
                try TensorData.make(T.self, shape: geometry.outputShape) { (target) throws(CNNOptError) in
                    guard let x = source.baseAddress, let w = weights.baseAddress, let y = target.baseAddress else {
                        return
                    }
                    let (source, weights, target) = (SharedReadPointer(x), SharedReadPointer(w), SharedPointer(y))
                    parallelFor(geometry.batch * geometry.groups * outputs, threads: threads) { range in
                        for plane in range {
                            let image = plane / (geometry.groups * outputs)
                            let output = plane % (geometry.groups * outputs)
                            let group = output / outputs
                            let input = (image * geometry.groups + group) * channels
                            for position in 0..<positions.outputCount {
                                var sum = start?[output] ?? 0
                                for channel in 0..<channels {
                                    for tap in 0..<positions.tapCount {
                                        guard let offset = positions.inputOffset(position, tap) else { continue }
                                        let value = source.base[(input + channel) * positions.inputCount + offset]
                                        let weight = weights.base[
                                            (output * channels + channel) * positions.tapCount + tap
                                        ]
                                        sum = sum + value * weight
                                    }
                                }
                                target.base[plane * positions.outputCount + position] = sum
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Flat positions of windows and their taps, outermost axis first.
package struct WindowWalk: Sendable {
    package let axes: [Windows.Axis]
    package let inputCount: Int
    package let outputCount: Int
    package let tapCount: Int

    package init(_ axes: [Windows.Axis]) {
        self.axes = axes
        inputCount = axes.reduce(1) { $0 * $1.input }
        outputCount = axes.reduce(1) { $0 &* $1.output }
        tapCount = axes.reduce(1) { $0 &* $1.kernel }
    }

    /// The flat input position under a tap of a window; nil in the padding.
    package func inputOffset(_ position: Int, _ tap: Int) -> Int? {
        var (position, tap, step, offset) = (position, tap, 1, 0)
        for axis in axes.reversed() {
            let place = axis.position(position % axis.output, tap % axis.kernel)
            guard place >= 0, place < axis.input else { return nil }
            offset += place * step
            position /= axis.output
            tap /= axis.kernel
            step *= axis.input
        }
        return offset
    }
}
