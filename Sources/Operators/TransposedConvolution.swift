import Tensors

/// Transposed convolution as its definition reads, gathered for each output plane so that planes can be computed apart.
enum TransposedConvolution {
    /// - Parameter geometry: the convolution that this one transposes; its outputs are the inputs here.
    static func run(
        _ x: TensorData,
        _ w: TensorData,
        _ bias: TensorData?,
        _ geometry: ConvolutionGeometry,
        threads: Int
    ) throws(CNNOptError) -> TensorData {
        switch x.elementType {
        case .float32: try run(Float.self, x, w, bias, geometry, threads)
        case .float64: try run(Double.self, x, w, bias, geometry, threads)
        default: throw CNNOptError(.unsupported, "element type \(x.elementType.onnxName)")
        }
    }

    private static func run<T: TensorScalar & BinaryFloatingPoint>(
        _ type: T.Type,
        _ x: TensorData,
        _ w: TensorData,
        _ bias: TensorData?,
        _ geometry: ConvolutionGeometry,
        _ threads: Int
    ) throws(CNNOptError) -> TensorData {
        let start = try bias?.array(of: T.self)
        let walk = WindowWalk(geometry.axes)
        let (inputs, perGroup) = (geometry.outputChannels, geometry.inputChannels)
        let outputs = perGroup * geometry.groups
        return try x.withElements(T.self) { (source) throws(CNNOptError) in
            try w.withElements(T.self) { (weights) throws(CNNOptError) in
                try TensorData.make(T.self, shape: [geometry.batch, outputs] + geometry.axes.map(\.input)) {
                    (target) throws(CNNOptError) in
                    guard let x = source.baseAddress, let w = weights.baseAddress, let y = target.baseAddress else {
                        return
                    }
                    let (source, weights, target) = (SharedReadPointer(x), SharedReadPointer(w), SharedPointer(y))
                    parallelFor(geometry.batch * outputs, threads: threads) { range in
                        for plane in range {
                            let (image, output) = (plane / outputs, plane % outputs)
                            let result = target.base + plane * walk.inputCount
                            if let start { result.update(repeating: start[output], count: walk.inputCount) }
                            let group = output / perGroup
                            for channel in group * inputs..<(group + 1) * inputs {
                                add(
                                    source.base + (image * inputs * geometry.groups + channel) * walk.outputCount,
                                    weights.base + (channel * perGroup + output % perGroup) * walk.tapCount,
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

    /// Spreads one input channel over one output plane, tap by tap.
    @inline(__always)
    private static func add<T: BinaryFloatingPoint>(
        _ x: UnsafePointer<T>,
        _ w: UnsafePointer<T>,
        _ walk: WindowWalk,
        _ y: UnsafeMutablePointer<T>
    ) {
        guard let row = walk.axes.last, row.output > 0 else { return }
        let outer = walk.outputCount / row.output
        for tap in 0..<walk.tapCount {
            let weight = w[tap]
            // Columns whose target lies inside the output.
            let shift = tap % row.kernel * row.dilation - row.padBegin
            let first = shift >= 0 ? 0 : (row.stride - 1 - shift) / row.stride
            let last = shift >= row.input ? -1 : min(row.output - 1, (row.input - 1 - shift) / row.stride)
            guard first <= last else { continue }
            for line in 0..<outer {
                guard let base = walk.rowOffset(line, tap) else { continue }
                let (from, to) = (x + line * row.output, y + base + shift)
                for column in first...last {
                    to[column &* row.stride] = to[column &* row.stride] + from[column] * weight
                }
            }
        }
    }
}

extension WindowWalk {
    /// The flat input position where the input row begins that a row of windows has under a tap; nil in the padding.
    fileprivate func rowOffset(_ line: Int, _ tap: Int) -> Int? {
        guard let row = axes.last else { return nil }
        var (line, tap, step, offset) = (line, tap / row.kernel, row.input, 0)
        for axis in axes.dropLast().reversed() {
            let place = axis.position(line % axis.output, tap % axis.kernel)
            guard place >= 0, place < axis.input else { return nil }
            offset += place * step
            line /= axis.output
            tap /= axis.kernel
            step *= axis.input
        }
        return offset
    }
}
