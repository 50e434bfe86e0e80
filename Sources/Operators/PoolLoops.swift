import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A window over the planes (one image's channel each) of a pooled tensor.
struct PoolGeometry: Sendable {
    let shape: [Int]
    let planes: Int
    /// Depth, height and width; axes of size 1 in front where there are fewer.
    let axes: [Windows.Axis]
    /// For each of the three axes and each output position: the first tap inside the input and how many are.
    let taps: [[(first: Int, count: Int)]]
    /// For each axis and output position: the taps inside the padded input.
    let paddedCounts: [[Int]]

    /// - Throws: `unsupported` above three spatial axes.
    init(_ x: TensorData, _ windows: Windows) throws(CNNOptError) {
        guard x.shape.count >= 3 else { throw CNNOptError(.invalidModel, "an input of rank \(x.shape.count)") }
        guard x.shape.count <= 5 else { throw CNNOptError(.unsupported, "\(x.shape.count - 2) spatial axes") }
        let spatial = try windows.axes(Array(x.shape[2...]))
        shape = [x.shape[0], x.shape[1]] + spatial.map(\.output)
        guard let outputs = checkedProduct(shape), outputs <= MemoryBudget.largestAllocation,
            spatial.allSatisfy({ $0.output <= 1 << 26 })
        else {
            throw CNNOptError(.invalidModel, "an output of shape \(shape) is larger than this machine's memory")
        }
        planes = x.shape[0] * x.shape[1]
        let one = Windows.Axis(input: 1, kernel: 1, stride: 1, dilation: 1, padBegin: 0, padEnd: 0, output: 1)
        axes = [Windows.Axis](repeating: one, count: 3 - spatial.count) + spatial
        taps = axes.map { axis in
            (0..<axis.output).map { index in
                let start = index * axis.stride - axis.padBegin
                let first = start >= 0 ? 0 : min(axis.kernel, (axis.dilation - 1 - start) / axis.dilation)
                let beyond = start >= axis.input ? 0 : min(axis.kernel, (axis.input - 1 - start) / axis.dilation + 1)
                return (first, max(beyond - first, 0))
            }
        }
        paddedCounts = axes.map { axis in
            (0..<axis.output).map { index in
                let start = index * axis.stride - axis.padBegin
                return max(0, min(axis.kernel, (axis.input + axis.padEnd - 1 - start) / axis.dilation + 1))
            }
        }
    }

    var inputCount: Int { axes.reduce(1) { $0 * $1.input } }
    var outputCount: Int { axes.reduce(1) { $0 * $1.output } }

    /// Calls `window` for every output of a plane with the flat input position of the window's first tap inside the input.
    @inline(__always)
    func windows(
        _ body: (_ output: Int, _ start: Int, _ counts: (d: Int, h: Int, w: Int), _ place: (d: Int, h: Int, w: Int)) ->
            Void
    ) {
        let (depth, height, width) = (axes[0], axes[1], axes[2])
        let (slice, row) = (height.input * width.input, width.input)
        var output = 0
        for d in 0..<depth.output {
            let (firstD, countD) = taps[0][d]
            let startD = depth.position(d, firstD) * slice
            for h in 0..<height.output {
                let (firstH, countH) = taps[1][h]
                let startH = startD + height.position(h, firstH) * row
                for w in 0..<width.output {
                    let (firstW, countW) = taps[2][w]
                    body(output, startH + width.position(w, firstW), (countD, countH, countW), (d, h, w))
                    output += 1
                }
            }
        }
    }

    /// Calls `tap` with each flat input position under a window.
    @inline(__always)
    func taps(from start: Int, _ counts: (d: Int, h: Int, w: Int), _ tap: (Int) -> Void) {
        let row = axes[1].dilation &* axes[2].input
        let slice = axes[0].dilation &* axes[1].input &* axes[2].input
        let step = axes[2].dilation
        for d in 0..<counts.d {
            for h in 0..<counts.h {
                var position = start &+ d &* slice &+ h &* row
                for _ in 0..<counts.w {
                    tap(position)
                    position = position &+ step
                }
            }
        }
    }
}

/// Pools in plain loops over windows.
enum PoolLoops {
    /// The largest element of each window; the lowest value where a window holds padding alone.
    static func maximum(_ x: TensorData, _ geometry: PoolGeometry, threads: Int) throws(CNNOptError) -> TensorData {
        switch x.elementType {
        case .float32: try maximum(x, geometry, threads, lowest: -Float.infinity)
        case .float64: try maximum(x, geometry, threads, lowest: -Double.infinity)
        case .int8: try maximum(x, geometry, threads, lowest: Int8.min)
        case .uint8: try maximum(x, geometry, threads, lowest: UInt8.min)
        default: throw CNNOptError(.unsupported, "element type \(x.elementType.onnxName)")
        }
    }

    private static func maximum<T: TensorScalar & Comparable>(
        _ x: TensorData,
        _ geometry: PoolGeometry,
        _ threads: Int,
        lowest: T
    ) throws(CNNOptError) -> TensorData {
        try map(T.self, x, geometry, threads) { source, target in
            geometry.windows { output, start, counts, _ in
                var best = lowest
                geometry.taps(from: start, counts) { if source[$0] > best { best = source[$0] } }
                target[output] = best
            }
        }
    }

    /// The mean of each window, over its elements or, with `countsPadding`, over its padded places too.
    static func average(
        _ x: TensorData,
        _ geometry: PoolGeometry,
        countsPadding: Bool,
        threads: Int
    ) throws(CNNOptError) -> TensorData {
        switch x.elementType {
        case .float32: try average(Float.self, x, geometry, countsPadding, threads)
        case .float64: try average(Double.self, x, geometry, countsPadding, threads)
        default: throw CNNOptError(.unsupported, "element type \(x.elementType.onnxName)")
        }
    }

    private static func average<T: TensorScalar & BinaryFloatingPoint>(
        _ type: T.Type,
        _ x: TensorData,
        _ geometry: PoolGeometry,
        _ countsPadding: Bool,
        _ threads: Int
    ) throws(CNNOptError) -> TensorData {
        let padded = geometry.paddedCounts
        return try map(T.self, x, geometry, threads) { source, target in
            geometry.windows { output, start, counts, place in
                var sum: T = 0
                geometry.taps(from: start, counts) { sum += source[$0] }
                let count =
                    countsPadding
                    ? padded[0][place.d] * padded[1][place.h] * padded[2][place.w] : counts.d * counts.h * counts.w
                target[output] = count == 0 ? 0 : sum / T(count)
            }
        }
    }

    /// (Σ |x|ᵖ)^(1/p) of each window.
    static func norm(_ x: TensorData, _ geometry: PoolGeometry, p: Int, threads: Int) throws(CNNOptError) -> TensorData
    {
        switch x.elementType {
        case .float32: try norm(Float.self, x, geometry, Double(p), threads)
        case .float64: try norm(Double.self, x, geometry, Double(p), threads)
        default: throw CNNOptError(.unsupported, "element type \(x.elementType.onnxName)")
        }
    }

    private static func norm<T: TensorScalar & BinaryFloatingPoint>(
        _ type: T.Type,
        _ x: TensorData,
        _ geometry: PoolGeometry,
        _ p: Double,
        _ threads: Int
    ) throws(CNNOptError) -> TensorData {
        try map(T.self, x, geometry, threads) { source, target in
            geometry.windows { output, start, counts, _ in
                var sum = 0.0
                geometry.taps(from: start, counts) { sum += pow(Double(abs(source[$0])), p) }
                target[output] = T(pow(sum, 1 / p))
            }
        }
    }

    /// Runs `body` on every plane of the input and the output.
    @inline(__always)
    private static func map<T: TensorScalar>(
        _ type: T.Type,
        _ x: TensorData,
        _ geometry: PoolGeometry,
        _ threads: Int,
        _ body: @Sendable (UnsafePointer<T>, UnsafeMutablePointer<T>) -> Void
    ) throws(CNNOptError) -> TensorData {
        let (inputs, outputs) = (geometry.inputCount, geometry.outputCount)
        return try x.withElements(T.self) { (source) throws(CNNOptError) in
            try TensorData.make(T.self, shape: geometry.shape) { (target) throws(CNNOptError) in
                guard let x = source.baseAddress, let y = target.baseAddress else { return }
                let (from, to) = (SharedReadPointer(x), SharedPointer(y))
                parallelFor(geometry.planes, threads: source.count < 1 << 14 ? 1 : threads) { range in
                    for plane in range { body(from.base + plane * inputs, to.base + plane * outputs) }
                }
            }
        }
    }
}
