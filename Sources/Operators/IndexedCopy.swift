import Tensors

/// A copy whose every output axis reads the source at places of its own: what transposing, slicing, padding, repeating and
/// picking along axes have in common. Output element (i₀, i₁, …) is the source element at place₀(i₀) + place₁(i₁) + …
struct IndexedCopy: Sendable {
    /// Where one output axis reads, in source elements.
    enum Axis: Sendable {
        case strided(start: Int, step: Int, count: Int)
        /// A place for each index; −1 where nothing is read and the fill goes.
        case listed([Int])

        var count: Int {
            switch self {
            case .strided(_, _, let count): count
            case .listed(let places): places.count
            }
        }

        var places: [Int] {
            switch self {
            case .strided(let start, let step, let count): (0..<count).map { start + $0 * step }
            case .listed(let places): places
            }
        }
    }

    let axes: [Axis]
    var shape: [Int] { axes.map(\.count) }

    /// The caller vouches that every sum of places lies inside the source.
    init(axes: [Axis]) { self.axes = axes }

    /// Checks a shape before tables of its size are made.
    /// - Throws: `invalidModel` where a tensor of that shape does not fit into this machine, `unsupported` for an axis so long
    ///   that its table alone would take a gigabyte.
    static func check(_ shape: [Int], _ type: ElementType) throws(CNNOptError) {
        let bytes = try TensorData.byteCount(type, shape).bytes
        guard bytes <= MemoryBudget.largestAllocation else {
            throw CNNOptError(.invalidModel, "a tensor of shape \(shape) is larger than this machine's memory")
        }
        guard shape.contains(0) || shape.allSatisfy({ $0 <= 1 << 27 }) else {
            throw CNNOptError(.unsupported, "a tensor of shape \(shape), whose axis is longer than 2²⁷")
        }
    }

    /// Output axis `k` is the source's axis `permutation[k]`.
    init(_ source: [Int], permutation: [Int]) {
        let strides = rowMajorStrides(source)
        axes = permutation.map { .strided(start: 0, step: strides[$0], count: source[$0]) }
    }

    /// Copies.
    /// - Parameter fill: the element for places that are −1; zero when nil.
    func run(_ source: TensorData, fill: TensorData? = nil, threads: Int) throws(CNNOptError) -> TensorData {
        try ElementMoving.run([source] + (fill.map { [$0] } ?? [])) { (sources) throws(CNNOptError) in
            [try copy(sources[0], sources.count > 1 ? sources[1] : nil, threads)]
        }[0]
    }

    private func copy(_ source: TensorData, _ fill: TensorData?, _ threads: Int) throws(CNNOptError) -> TensorData {
        let shape = shape
        let filler = if let fill { fill } else { try TensorData(zeros: source.elementType, shape: [1]) }
        guard filler.count == 1 else { throw CNNOptError(.invalidModel, "the fill value is not one element") }
        let width = source.elementType.bitWidth / 8
        return try source.withBytes { (bytes) throws(CNNOptError) in
            try filler.withBytes { (fillBytes) throws(CNNOptError) in
                try TensorData.writing(source.elementType, shape: shape) { (target) throws(CNNOptError) in
                    guard let element = fillBytes.baseAddress, let count = checkedProduct(shape), count > 0 else {
                        return
                    }
                    // An empty source is never read: all places are −1.
                    let base = bytes.baseAddress ?? element
                    Walk(axes, width).run(target, base, element, threads: count * width < 1 << 16 ? 1 : threads)
                }
            }
        }
    }
}

/// The copy broken into rows: a row is a run of blocks along one axis, a block a run of neighbours in both tensors.
private struct Walk: Sendable {
    private let width: Int
    /// Elements of one block.
    private let block: Int
    private let start: Int
    private let inner: IndexedCopy.Axis
    /// The places of the outer axes, one behind the other, and where each axis begins.
    private let places: [Int]
    private let begins: [Int]
    private let counts: [Int]

    init(_ axes: [IndexedCopy.Axis], _ width: Int) {
        var rest = axes
        var (block, start) = (1, 0)
        while case .strided(let first, let step, let count)? = rest.last, step == block || count == 1 {
            start += first
            block *= count
            rest.removeLast()
        }
        inner = rest.popLast() ?? .strided(start: 0, step: 0, count: 1)
        var (places, begins): ([Int], [Int]) = ([], [])
        for axis in rest {
            begins.append(places.count)
            places += axis.places
        }
        self.width = width
        self.block = block
        self.start = start
        self.places = places
        self.begins = begins
        counts = rest.map(\.count)
    }

    func run(
        _ target: UnsafeMutableRawPointer,
        _ source: UnsafeRawPointer,
        _ fill: UnsafeRawPointer,
        threads: Int
    ) {
        let out = SharedPointer(target.assumingMemoryBound(to: UInt8.self))
        let from = SharedReadPointer(source.assumingMemoryBound(to: UInt8.self))
        let filler = SharedReadPointer(fill.assumingMemoryBound(to: UInt8.self))
        let rowElements = inner.count * block
        let rows = counts.reduce(1, *)
        parallelFor(rows, threads: threads) { range in
            var indices = [Int](repeating: 0, count: counts.count)
            var rest = range.lowerBound
            for axis in counts.indices.reversed() {
                indices[axis] = rest % counts[axis]
                rest /= counts[axis]
            }
            for row in range {
                var (place, isOutside) = (start, false)
                for axis in indices.indices {
                    let step = places[begins[axis] + indices[axis]]
                    if step < 0 { isOutside = true }
                    place += step
                }
                let line = out.base + row * rowElements * width
                if isOutside {
                    Blocks.fill(line, with: filler.base, count: rowElements, width: width)
                } else {
                    copyRow(line, from.base, place, filler.base)
                }
                for axis in indices.indices.reversed() {
                    indices[axis] += 1
                    if indices[axis] < counts[axis] { break }
                    indices[axis] = 0
                }
            }
        }
    }

    private func copyRow(
        _ target: UnsafeMutableRawPointer,
        _ source: UnsafeRawPointer,
        _ place: Int,
        _ fill: UnsafeRawPointer
    ) {
        switch inner {
        case .strided(let first, let step, let count):
            Blocks.copy(
                target,
                source + (place + first) * width,
                count: count,
                step: step * width,
                size: block * width
            )
        case .listed(let places):
            places.withUnsafeBufferPointer {
                Blocks.copy(
                    target,
                    source + place * width,
                    places: $0,
                    unit: width,
                    size: block * width,
                    fill: fill,
                    width: width
                )
            }
        }
    }
}
