import Tensors

/// The loops of ``DeformConv``.
struct DeformedConvolution: Sendable {
    private let geometry: ConvolutionGeometry
    private let walk: WindowWalk
    private let offsetGroups: Int
    private let offset: TensorData
    private let mask: TensorData?

    /// - Throws: `invalidModel` where offsets or mask do not fit the geometry.
    init(
        _ geometry: ConvolutionGeometry,
        offsetGroups: Int,
        offset: TensorData,
        mask: TensorData?
    ) throws(CNNOptError) {
        self.geometry = geometry
        self.offsetGroups = offsetGroups
        self.offset = offset
        self.mask = mask
        walk = WindowWalk(geometry.axes)
        let (taps, outputs) = (walk.tapCount, geometry.axes.map(\.output))
        let channels = geometry.groups * geometry.inputChannels
        guard geometry.axes.count <= 8, channels % offsetGroups == 0,
            let rows = checkedProduct([offsetGroups, taps]),
            let moves = checkedProduct([rows, geometry.axes.count]),
            offset.shape == [geometry.batch, moves] + outputs,
            mask?.shape ?? [geometry.batch, rows] + outputs == [geometry.batch, rows] + outputs
        else {
            throw CNNOptError(
                .invalidModel,
                "offsets of shape \(offset.shape) do not fit \(offsetGroups) groups of \(taps) taps and outputs \(outputs)"
            )
        }
    }

    func run(_ x: TensorData, _ w: TensorData, _ bias: TensorData?, threads: Int) throws(CNNOptError) -> TensorData {
        switch x.elementType {
        case .float32: try run(Float.self, x, w, bias, threads)
        case .float64: try run(Double.self, x, w, bias, threads)
        default: throw CNNOptError(.unsupported, "element type \(x.elementType.onnxName)")
        }
    }

    private func run<T: TensorScalar & BinaryFloatingPoint>(
        _ type: T.Type,
        _ x: TensorData,
        _ w: TensorData,
        _ bias: TensorData?,
        _ threads: Int
    ) throws(CNNOptError) -> TensorData {
        let (start, weights) = (try bias?.array(of: T.self), try w.array(of: T.self))
        let (moves, mask) = (try offset.array(of: T.self), try self.mask?.array(of: T.self))
        let (inputs, outputs) = (geometry.inputChannels, geometry.outputChannels)
        let channels = inputs * geometry.groups
        return try x.withElements(T.self) { (source) throws(CNNOptError) in
            try TensorData.make(T.self, shape: geometry.outputShape) { (target) throws(CNNOptError) in
                guard let x = source.baseAddress, let y = target.baseAddress, !weights.isEmpty else { return }
                let (from, to) = (SharedReadPointer(x), SharedPointer(y))
                let places = walk.outputCount
                parallelFor(geometry.batch * places, threads: threads) { range in
                    // The moved input of one place: a value for each channel and tap.
                    var sampled = [T](repeating: 0, count: channels * walk.tapCount)
                    for index in range {
                        let (image, place) = (index / places, index % places)
                        for channel in 0..<channels {
                            let group = channel / (channels / offsetGroups)
                            let plane = from.base + (image * channels + channel) * walk.inputCount
                            for tap in 0..<walk.tapCount {
                                let row = (image * offsetGroups + group) * walk.tapCount + tap
                                let value = sample(plane, place, tap) { axis in
                                    moves[(row * walk.axes.count + axis) * places + place]
                                }
                                sampled[channel * walk.tapCount + tap] = value * (mask?[row * places + place] ?? 1)
                            }
                        }
                        for output in 0..<outputs * geometry.groups {
                            let first = output / outputs * inputs * walk.tapCount
                            var sum = start?[output] ?? 0
                            for k in 0..<inputs * walk.tapCount {
                                sum += sampled[first + k] * weights[output * inputs * walk.tapCount + k]
                            }
                            to.base[(image * outputs * geometry.groups + output) * places + place] = sum
                        }
                    }
                }
            }
        }
    }

    /// The plane read at a tap that is moved, linearly between elements; zero outside.
    private func sample<T: BinaryFloatingPoint>(
        _ plane: UnsafePointer<T>,
        _ place: Int,
        _ tap: Int,
        _ move: (_ axis: Int) -> T
    ) -> T {
        var (place, tap, step) = (place, tap, 1)
        var corners: [(offset: Int, weight: T)] = [(0, 1)]
        for index in walk.axes.indices.reversed() {
            let axis = walk.axes[index]
            let position = T(axis.position(place % axis.output, tap % axis.kernel)) + move(index)
            guard position > -1, position < T(axis.input) else { return 0 }
            let low = Int(position.rounded(.down))
            let fraction = position - T(low)
            var next: [(offset: Int, weight: T)] = []
            for (offset, weight) in corners {
                if low >= 0 { next.append((offset + low * step, weight * (1 - fraction))) }
                if low + 1 < axis.input { next.append((offset + (low + 1) * step, weight * fraction)) }
            }
            corners = next
            place /= axis.output
            tap /= axis.kernel
            step *= axis.input
        }
        var sum: T = 0
        for (offset, weight) in corners { sum += plane[offset] * weight }
        return sum
    }
}
