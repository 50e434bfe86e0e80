import GraphIR
import Tensors

/// Which elements of a tensor are joined into which element of a smaller one.
///
/// Neighbouring axes that are all kept or all reduced are merged, and axes of size 1 left out.
struct Reduction: Sendable {
    private struct Axis {
        var size: Int
        var stride: Int
    }

    /// The shape with reduced axes of size 1, or without them.
    let shape: [Int]
    /// Elements that are joined into one.
    let joined: Int
    /// The first source element of each output element: all kept axes but the innermost merged one.
    private let kept: [Axis]
    private let reduced: [Axis]
    /// The number of elements that lie next to each other along the innermost merged axis.
    private let run: Int
    private let reducesRun: Bool

    /// - Parameter axes: counted from the front, each at most once.
    init(_ source: [Int], axes: Set<Int>, keepsAxes: Bool) {
        shape = source.indices.compactMap { axes.contains($0) ? (keepsAxes ? 1 : nil) : source[$0] }
        // Products wrap only beside an axis of size 0, where they do not matter.
        joined = source.indices.reduce(1) { axes.contains($1) ? $0 &* source[$1] : $0 }
        let strides = rowMajorStrides(source)
        var merged: [(axis: Axis, isReduced: Bool)] = []
        for axis in source.indices where source[axis] != 1 {
            let isReduced = axes.contains(axis)
            if let last = merged.last, last.isReduced == isReduced {
                merged[merged.count - 1].axis = Axis(size: last.axis.size &* source[axis], stride: strides[axis])
            } else {
                merged.append((Axis(size: source[axis], stride: strides[axis]), isReduced))
            }
        }
        let inner = merged.popLast()
        run = inner?.axis.size ?? 1
        reducesRun = inner?.isReduced ?? false
        kept = merged.filter { !$0.isReduced }.map(\.axis)
        reduced = merged.filter(\.isReduced).map(\.axis)
    }

    private static func offset(_ index: Int, _ axes: [Axis]) -> Int {
        var rest = index
        var result = 0
        for axis in axes.reversed() {
            result += rest % axis.size * axis.stride
            rest /= axis.size
        }
        return result
    }

    /// Joins the elements.
    /// - Parameters:
    ///   - start: what no element gives.
    ///   - add: takes one element in; `merge` joins two partial results.
    ///   - finish: makes the output element.
    @inline(__always)
    func apply<S: TensorScalar, A, T: TensorScalar>(
        _ input: TensorData,
        as elementType: ElementType? = nil,
        threads: Int,
        start: A,
        add: @Sendable (A, S) -> A,
        merge: @Sendable (A, A) -> A,
        finish: @Sendable (A) -> T
    ) throws(CNNOptError) -> TensorData where A: Sendable {
        try input.withElements(S.self) { (source) throws(CNNOptError) in
            try TensorData.make(T.self, as: elementType, shape: shape) { (target) throws(CNNOptError) in
                guard let out = target.baseAddress, !target.isEmpty else { return }
                guard let base = source.baseAddress, !source.isEmpty else {
                    for i in target.indices { out[i] = finish(start) }
                    return
                }
                let (from, to) = (SharedReadPointer(base), SharedPointer(out))
                let outer = kept.reduce(1) { $0 * $1.size }
                let steps = reduced.map { $0.size }.reduce(1, *)
                let offsets = (0..<steps).map { Self.offset($0, reduced) }
                parallelFor(outer, threads: source.count < 1 << 15 ? 1 : threads) { range in
                    if reducesRun {
                        for index in range {
                            let first = from.base + Self.offset(index, kept)
                            // Four partial results, so that each step need not wait for the one before.
                            var (a, b, c, d) = (start, start, start, start)
                            for offset in offsets {
                                let row = first + offset
                                var k = 0
                                while k + 4 <= run {
                                    a = add(a, row[k])
                                    b = add(b, row[k + 1])
                                    c = add(c, row[k + 2])
                                    d = add(d, row[k + 3])
                                    k += 4
                                }
                                while k < run {
                                    a = add(a, row[k])
                                    k += 1
                                }
                            }
                            to.base[index] = finish(merge(merge(a, b), merge(c, d)))
                        }
                    } else {
                        withUnsafeTemporaryAllocation(of: A.self, capacity: run) { partial in
                            partial.initialize(repeating: start)
                            for index in range {
                                let first = from.base + Self.offset(index, kept)
                                for k in 0..<run { partial[k] = start }
                                for offset in offsets {
                                    let row = first + offset
                                    for k in 0..<run { partial[k] = add(partial[k], row[k]) }
                                }
                                for k in 0..<run { to.base[index * run + k] = finish(partial[k]) }
                            }
                            partial.deinitialize()
                        }
                    }
                }
            }
        }
    }
}
