import Tensors

/// How one axis is resized: for each output index the input elements that it mixes.
struct ResampledAxis: Sendable {
    /// Input indices and weights of all outputs, those of output `i` at `starts[i] ..< starts[i + 1]`.
    private(set) var indices: [Int] = []
    private(set) var weights: [Float] = []
    private(set) var starts: [Int] = [0]
    /// Outputs that lie outside the input and take the extrapolation value.
    private(set) var isOutside: [Bool] = []

    /// What places and mixes the elements.
    struct Rule: Sendable {
        enum Filter: Sendable {
            case nearest(NearestMode)
            case linear
            case cubic(Float)
        }
        enum NearestMode: Sendable {
            case roundPreferFloor, roundPreferCeil, floor, ceil
            /// Operator set 10: up where the axis shrinks, down where it grows.
            case floorOrCeil
        }
        enum Coordinates: Sendable {
            case halfPixel, halfPixelSymmetric, pytorchHalfPixel, alignCorners, asymmetric, tfHalfPixel, tfCrop
        }
        var filter: Filter
        var coordinates: Coordinates
        var excludesOutside = false
        var antialiases = false
    }

    /// - Parameters:
    ///   - scale: output size / input size, as given or computed.
    ///   - region: begin and end of the cropped part, 0 to 1; for `tfCrop` alone.
    init(input: Int, output: Int, scale: Float, region: (begin: Float, end: Float), _ rule: Rule) {
        for index in 0..<output {
            let raw = Self.coordinate(Float(index), input, output, scale, region, rule.coordinates)
            isOutside.append(rule.coordinates.isCrop && !(raw >= 0 && raw <= Float(input - 1)))
            // Regions come from the file: whatever is far outside or no number reads the edge.
            let place = raw.isNaN ? 0 : min(max(raw, -4), Float(input) + 4)
            switch rule.filter {
            case .nearest(let mode): append(Self.nearest(place, mode, shrinks: scale < 1), 1, input)
            case .linear: mix(place, input, support: 1, scale, rule) { max(0, 1 - abs($0)) }
            case .cubic(let a): mix(place, input, support: 2, scale, rule) { Self.cubic(abs($0), a) }
            }
            starts.append(indices.count)
        }
    }

    /// Whether every output is the input of the same index.
    func isIdentity(input: Int) -> Bool {
        indices.count == input && starts.count == input + 1 && !isOutside.contains(true)
            && indices.enumerated().allSatisfy { $0 == $1 } && weights.allSatisfy { $0 == 1 }
    }

    private mutating func append(_ index: Int, _ weight: Float, _ input: Int) {
        indices.append(min(max(index, 0), input - 1))
        weights.append(weight)
    }

    private mutating func mix(
        _ place: Float,
        _ input: Int,
        support: Float,
        _ scale: Float,
        _ rule: Rule,
        _ filter: (Float) -> Float
    ) {
        let squeeze = rule.antialiases ? min(scale, 1) : 1
        // The filter covers at most 2 · support / squeeze elements; squeeze is at least 1 / input.
        let reach = min(support / squeeze, 4 * Float(input) + 4)
        let first = Int((place - reach).rounded(.down)) + 1
        let last = Int((place + reach).rounded(.up)) - 1
        let begin = indices.count
        var sum: Float = 0
        for index in first...max(first, last) {
            let weight = filter((Float(index) - place) * squeeze)
            guard weight != 0, !(rule.excludesOutside && (index < 0 || index >= input)) else { continue }
            append(index, weight, input)
            sum += weight
        }
        guard rule.antialiases || rule.excludesOutside, sum != 0 else { return }
        for i in begin..<weights.count { weights[i] /= sum }
    }

    private static func cubic(_ x: Float, _ a: Float) -> Float {
        if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
    }

    private static func nearest(_ x: Float, _ mode: Rule.NearestMode, shrinks: Bool) -> Int {
        switch mode {
        case .roundPreferFloor: Int((x - 0.5).rounded(.up))
        case .roundPreferCeil: Int((x + 0.5).rounded(.down))
        case .floor: Int(x.rounded(.down))
        case .ceil: Int(x.rounded(.up))
        case .floorOrCeil: Int(x.rounded(shrinks ? .up : .down))
        }
    }

    private static func coordinate(
        _ x: Float,
        _ input: Int,
        _ output: Int,
        _ scale: Float,
        _ region: (begin: Float, end: Float),
        _ coordinates: Rule.Coordinates
    ) -> Float {
        let (length, resized) = (Float(input), Float(output))
        switch coordinates {
        case .halfPixel: return (x + 0.5) / scale - 0.5
        case .halfPixelSymmetric:
            let offset = length / 2 * (1 - resized / (scale * length))
            return offset + (x + 0.5) / scale - 0.5
        case .pytorchHalfPixel: return output > 1 ? (x + 0.5) / scale - 0.5 : 0
        case .alignCorners:
            // The resized length counts before it is rounded down to whole elements.
            return output > 1 ? x * (length - 1) / (scale * length - 1) : 0
        case .asymmetric: return x / scale
        case .tfHalfPixel: return (x + 0.5) / scale
        case .tfCrop:
            if output <= 1 { return 0.5 * (region.begin + region.end) * (length - 1) }
            return region.begin * (length - 1) + x * (region.end - region.begin) * (length - 1) / (resized - 1)
        }
    }
}

extension ResampledAxis.Rule.Coordinates {
    /// Whether places outside the input exist that take the extrapolation value.
    var isCrop: Bool { if case .tfCrop = self { true } else { false } }
}

/// A tensor resized along several axes, one after the other.
struct Resampling: Sendable {
    /// One entry for each axis; nil where the axis stays as it is.
    let axes: [ResampledAxis?]
    let outputShape: [Int]
    let isNearest: Bool
    let extrapolation: Float

    /// Integers of up to 32 bits are mixed in double precision and cut towards zero at the end.
    func run(_ x: TensorData, threads: Int) throws(CNNOptError) -> TensorData {
        if isNearest {
            let moved = try ElementMoving.run([x]) { (sources) throws(CNNOptError) in
                [try resized(sources[0], threads: threads)]
            }[0]
            return try extrapolate(moved)
        }
        guard x.elementType.isInteger, x.elementType.bitWidth <= 32 else {
            return try extrapolate(resized(x, threads: threads))
        }
        return try extrapolate(resized(x.cast(to: .float64), threads: threads)).cast(to: x.elementType)
    }

    private func resized(_ x: TensorData, threads: Int) throws(CNNOptError) -> TensorData {
        var result = x
        for (axis, table) in axes.enumerated().reversed() {
            guard let table else { continue }
            result = isNearest ? try gather(result, axis, table) : try mix(result, axis, table, threads)
        }
        return result
    }

    private func gather(_ x: TensorData, _ axis: Int, _ table: ResampledAxis) throws(CNNOptError) -> TensorData {
        switch x.elementType.bitWidth {
        case 8: try gather(UInt8.self, x, axis, table)
        case 16: try gather(UInt16.self, x, axis, table)
        case 32: try gather(UInt32.self, x, axis, table)
        case 64: try gather(UInt64.self, x, axis, table)
        default: throw CNNOptError(.unsupported, "element type \(x.elementType.onnxName)")
        }
    }

    /// Moves whole elements, whatever they hold.
    private func gather<T: BitwiseCopyable>(_ type: T.Type, _ x: TensorData, _ axis: Int, _ table: ResampledAxis)
        throws(CNNOptError) -> TensorData
    {
        var shape = x.shape
        shape[axis] = outputShape[axis]
        let (length, inner) = (x.shape[axis], x.shape[(axis + 1)...].reduce(1, *))
        let outer = x.shape[..<axis].reduce(1, *)
        var result = try TensorData(zeros: x.elementType, shape: shape)
        try x.withBytes { (source) throws(CNNOptError) in
            try result.withMutableBytes { (target) throws(CNNOptError) in
                guard let from = source.baseAddress?.assumingMemoryBound(to: T.self),
                    var to = target.baseAddress?.assumingMemoryBound(to: T.self)
                else { return }
                for o in 0..<outer {
                    let block = from + o * length * inner
                    for index in table.indices {
                        if inner == 1 {
                            to.pointee = block[index]
                        } else {
                            to.update(from: block + index * inner, count: inner)
                        }
                        to += inner
                    }
                }
            }
        }
        return result
    }

    private func mix(_ x: TensorData, _ axis: Int, _ table: ResampledAxis, _ threads: Int) throws(CNNOptError)
        -> TensorData
    {
        switch x.elementType {
        case .float32: try mix(Float.self, x, axis, table, threads)
        case .float64: try mix(Double.self, x, axis, table, threads)
        default: throw CNNOptError(.unsupported, "interpolation of element type \(x.elementType.onnxName)")
        }
    }

    private func mix<T: TensorScalar & BinaryFloatingPoint>(
        _ type: T.Type,
        _ x: TensorData,
        _ axis: Int,
        _ table: ResampledAxis,
        _ threads: Int
    ) throws(CNNOptError) -> TensorData {
        var shape = x.shape
        shape[axis] = outputShape[axis]
        let (length, inner, output) = (x.shape[axis], x.shape[(axis + 1)...].reduce(1, *), shape[axis])
        let outer = x.shape[..<axis].reduce(1, *)
        return try x.withElements(T.self) { (source) throws(CNNOptError) in
            try TensorData.make(T.self, shape: shape) { (target) throws(CNNOptError) in
                guard let x = source.baseAddress, let y = target.baseAddress else { return }
                let (from, to) = (SharedReadPointer(x), SharedPointer(y))
                parallelFor(outer, threads: target.count < 1 << 14 ? 1 : threads) { range in
                    for o in range {
                        let block = from.base + o * length * inner
                        for i in 0..<output {
                            let row = to.base + (o * output + i) * inner
                            for entry in table.starts[i]..<table.starts[i + 1] {
                                let (weight, line) = (T(table.weights[entry]), block + table.indices[entry] * inner)
                                for j in 0..<inner { row[j] = row[j] + line[j] * weight }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Writes the extrapolation value where any axis lies outside.
    private func extrapolate(_ x: TensorData) throws(CNNOptError) -> TensorData {
        guard axes.contains(where: { $0?.isOutside.contains(true) ?? false }) else { return x }
        return switch x.elementType {
        case .float32: try extrapolate(x, with: extrapolation)
        case .float64: try extrapolate(x, with: Double(extrapolation))
        default: throw CNNOptError(.unsupported, "extrapolation of element type \(x.elementType.onnxName)")
        }
    }

    private func extrapolate<T: TensorScalar>(_ x: TensorData, with value: T) throws(CNNOptError) -> TensorData {
        let strides = rowMajorStrides(x.shape)
        var result = x
        try result.withMutableElements(T.self) { (target) throws(CNNOptError) in
            for (axis, table) in axes.enumerated() {
                guard let table, table.isOutside.contains(true) else { continue }
                for flat in target.indices where table.isOutside[flat / strides[axis] % x.shape[axis]] {
                    target[flat] = value
                }
            }
        }
        return result
    }
}
