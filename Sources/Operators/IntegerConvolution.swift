import Tensors

/// Convolution of 32-bit integers; sums wrap.
enum IntegerConvolution {
    /// Operands as in ``ConvolutionLoops``, all of type int32.
    static func run(
        _ x: TensorData,
        _ w: TensorData,
        _ bias: TensorData?,
        _ geometry: ConvolutionGeometry,
        threads: Int
    ) throws(CNNOptError) -> TensorData {
        let start = try bias?.array(of: Int32.self)
        let walk = WindowWalk(geometry.axes)
        let (channels, outputs) = (geometry.inputChannels, geometry.outputChannels)
        return try x.withElements(Int32.self) { (source) throws(CNNOptError) in
            try w.withElements(Int32.self) { (weights) throws(CNNOptError) in
                try TensorData.make(Int32.self, shape: geometry.outputShape) { (target) throws(CNNOptError) in
                    guard let x = source.baseAddress, let w = weights.baseAddress, let y = target.baseAddress else {
                        return
                    }
                    let (source, weights, target) = (SharedReadPointer(x), SharedReadPointer(w), SharedPointer(y))
                    parallelFor(geometry.batch * geometry.groups * outputs, threads: threads) { range in
                        for plane in range {
                            let image = plane / (geometry.groups * outputs)
                            let output = plane % (geometry.groups * outputs)
                            let result = target.base + plane * walk.outputCount
                            if let start { result.update(repeating: start[output], count: walk.outputCount) }
                            for channel in 0..<channels {
                                let input = (image * geometry.groups + output / outputs) * channels + channel
                                add(
                                    source.base + input * walk.inputCount,
                                    weights.base + (output * channels + channel) * walk.tapCount,
                                    walk,
                                    result
                                )
                            }
                        }
                    }
                }
            }
        }
    }

    /// Adds one channel's part to an output plane: for each tap, rows of outputs along the last axis.
    private static func add(
        _ source: UnsafePointer<Int32>,
        _ weights: UnsafePointer<Int32>,
        _ walk: WindowWalk,
        _ result: UnsafeMutablePointer<Int32>
    ) {
        guard let last = walk.axes.last, last.output > 0 else { return }
        let outer = WindowWalk(Array(walk.axes.dropLast()))
        for outerTap in 0..<outer.tapCount {
            for row in 0..<outer.outputCount {
                guard let offset = outer.inputOffset(row, outerTap) else { continue }
                let (line, sums) = (source + offset * last.input, result + row * last.output)
                for tap in 0..<last.kernel {
                    let weight = weights[outerTap * last.kernel + tap]
                    let shift = tap * last.dilation - last.padBegin
                    let first = shift >= 0 ? 0 : (last.stride - 1 - shift) / last.stride
                    let beyond = last.input - 1 - shift
                    let end = beyond < 0 ? 0 : min(beyond / last.stride + 1, last.output)
                    guard weight != 0, first < end else { continue }
                    if last.stride == 1 {
                        for i in first..<end { sums[i] = sums[i] &+ weight &* line[i &+ shift] }
                    } else {
                        for i in first..<end { sums[i] = sums[i] &+ weight &* line[i &* last.stride &+ shift] }
                    }
                }
            }
        }
    }
}
