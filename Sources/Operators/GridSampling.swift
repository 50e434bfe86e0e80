import Tensors

/// Reading a tensor of N × C × spatial at places between its elements, as ``GridSample`` describes it.
struct GridSampling: Sendable {
    enum Filter: Sendable {
        case nearest, linear, cubic

        /// Elements that are mixed along one axis.
        var taps: Int {
            switch self {
            case .nearest: 1
            case .linear: 2
            case .cubic: 4
            }
        }
    }

    /// What lies outside the input.
    enum Padding: String, Sendable {
        case zeros, border, reflection
    }

    let filter: Filter
    let padding: Padding
    let alignsCorners: Bool

    /// - Parameters:
    ///   - x: N × C × spatial, floats or doubles.
    ///   - grid: N × output spatial × as many coordinates as there are spatial axes, innermost axis first; of x's type.
    func run(_ x: TensorData, _ grid: TensorData, threads: Int) throws(CNNOptError) -> TensorData {
        let axes = x.shape.count - 2
        guard axes >= 1, axes <= 8, grid.shape.count == x.shape.count, grid.shape.first == x.shape.first,
            grid.shape.last == axes
        else {
            throw CNNOptError(.invalidModel, "a grid of shape \(grid.shape) does not fit an input of shape \(x.shape)")
        }
        guard grid.elementType == x.elementType else {
            return try run(x, grid.cast(to: x.elementType), threads: threads)
        }
        let shape = Array(x.shape[..<2]) + Array(grid.shape[1..<grid.shape.count - 1])
        guard !x.shape[2...].contains(0) else {
            return try TensorData(zeros: x.elementType, shape: shape)
        }
        return switch x.elementType {
        case .float32: try run(Float.self, x, grid, shape, threads)
        case .float64: try run(Double.self, x, grid, shape, threads)
        default: throw CNNOptError(.unsupported, "element type \(x.elementType.onnxName)")
        }
    }

    private func run<T: TensorScalar & BinaryFloatingPoint>(
        _ type: T.Type,
        _ x: TensorData,
        _ grid: TensorData,
        _ shape: [Int],
        _ threads: Int
    ) throws(CNNOptError) -> TensorData {
        let sizes = Array(x.shape[2...])
        let strides = rowMajorStrides(sizes)
        let (plane, channels) = (sizes.reduce(1, *), x.shape[1])
        let places = shape[2...].reduce(1, *)
        return try x.withElements(T.self) { (source) throws(CNNOptError) in
            try grid.withElements(T.self) { (grid) throws(CNNOptError) in
                try TensorData.make(T.self, shape: shape) { (target) throws(CNNOptError) in
                    guard let x = source.baseAddress, let g = grid.baseAddress, let y = target.baseAddress else {
                        return
                    }
                    let (from, at, to) = (SharedReadPointer(x), SharedReadPointer(g), SharedPointer(y))
                    parallelFor(shape[0] * places, threads: target.count < 1 << 12 ? 1 : threads) { range in
                        var mix = Mix<T>()
                        for index in range {
                            mix.clear()
                            for (axis, size) in sizes.enumerated() {
                                let coordinate = at.base[index * sizes.count + sizes.count - 1 - axis]
                                extend(&mix, coordinate, size, strides[axis])
                            }
                            let (image, place) = (index / places, index % places)
                            for channel in 0..<channels {
                                let base = from.base + (image * channels + channel) * plane
                                var sum: T = 0
                                for (offset, weight) in zip(mix.offsets, mix.weights) { sum += base[offset] * weight }
                                to.base[(image * channels + channel) * places + place] = sum
                            }
                        }
                    }
                }
            }
        }
    }

    /// Elements of a plane and how much each counts.
    private struct Mix<T: BinaryFloatingPoint> {
        var offsets: [Int] = [0]
        var weights: [T] = [1]

        mutating func clear() {
            offsets = [0]
            weights = [1]
        }
    }

    /// Multiplies the mix by the elements that a coordinate between −1 and 1 means along one axis.
    private func extend<T: BinaryFloatingPoint>(_ mix: inout Mix<T>, _ coordinate: T, _ size: Int, _ stride: Int) {
        let length = T(size)
        var place = alignsCorners ? (coordinate + 1) / 2 * (length - 1) : ((coordinate + 1) * length - 1) / 2
        if filter == .nearest { place = place.rounded(.toNearestOrEven) }
        place = inBounds(place, size)
        let start = place.rounded(.down)
        let first = Int(start) - (filter == .cubic ? 1 : 0)
        var (offsets, weights): ([Int], [T]) = ([], [])
        for tap in 0..<filter.taps {
            let weight = weight(tap, place - start)
            guard let index = index(first + tap, size) else { continue }
            for (offset, factor) in zip(mix.offsets, mix.weights) {
                offsets.append(offset + index * stride)
                weights.append(factor * weight)
            }
        }
        mix.offsets = offsets
        mix.weights = weights
    }

    private func weight<T: BinaryFloatingPoint>(_ tap: Int, _ fraction: T) -> T {
        switch filter {
        case .nearest: 1
        case .linear: tap == 0 ? 1 - fraction : fraction
        // Keys, Cubic Convolution Interpolation, 1981, with a = −0.75.
        case .cubic: Self.cubic(abs(fraction - T(tap - 1)))
        }
    }

    private static func cubic<T: BinaryFloatingPoint>(_ distance: T) -> T {
        let a: T = -0.75
        if distance <= 1 { return ((a + 2) * distance - (a + 3)) * distance * distance + 1 }
        return ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    }

    /// The place moved inside the input's borders, as the padding says; always near the input.
    private func inBounds<T: BinaryFloatingPoint>(_ place: T, _ size: Int) -> T {
        let last = T(size - 1)
        switch padding {
        case .zeros: return place.isNaN ? -8 : min(max(place, -8), last + 8)
        case .border:
            // Between the edge and its outermost element the place stays: elements beyond are those of the edge.
            let margin: T = alignsCorners ? 0 : 0.5
            guard place >= -margin, place <= last + margin else { return place > last ? last : 0 }
            return place
        case .reflection: return reflected(place, size)
        }
    }

    private func reflected<T: BinaryFloatingPoint>(_ place: T, _ size: Int) -> T {
        let low: T = alignsCorners ? 0 : -0.5
        let span = alignsCorners ? T(size - 1) : T(size)
        guard place.isFinite, span > 0 else { return 0 }
        let beyond = place < low ? low - place : place - low - span
        guard beyond > 0 else { return place }
        // Twice the span brings back the same place.
        let rest = beyond.truncatingRemainder(dividingBy: 2 * span)
        let fromEdge = rest > span ? 2 * span - rest : rest
        return place < low ? low + fromEdge : low + span - fromEdge
    }

    /// The element that an index means; nil for none.
    private func index(_ index: Int, _ size: Int) -> Int? {
        switch padding {
        case .zeros: return (0..<size).contains(index) ? index : nil
        case .border: return min(max(index, 0), size - 1)
        case .reflection: return min(max(Int(reflected(Double(index), size)), 0), size - 1)
        }
    }
}
