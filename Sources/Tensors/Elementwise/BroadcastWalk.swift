/// How two tensors that broadcast are walked: runs of elements along the innermost axes, each with constant strides.
package struct BroadcastWalk: Sendable {
    /// The common shape.
    package let shape: [Int]
    /// Elements of one run, and the inputs' strides along it (0 repeats an element).
    package let innerCount: Int
    package let innerA: Int
    package let innerB: Int
    /// The number of runs.
    package let runs: Int
    private let outer: [Int]
    private let stridesA: [Int]
    private let stridesB: [Int]

    package init(_ a: [Int], _ b: [Int]) throws(CNNOptError) {
        shape = try Broadcasting.shape([a, b])
        guard let total = checkedProduct(shape) else {
            throw CNNOptError(.invalidModel, "the broadcast shape \(shape) overflows")
        }
        let (sa, sb) = (Broadcasting.strides(a, to: shape), Broadcasting.strides(b, to: shape))
        // Take in axes from the innermost while both inputs keep walking evenly.
        var count = 1
        var (stepA, stepB) = (0, 0)
        var axis = shape.count
        while axis > 0, total > 0 {
            let next = axis - 1
            let size = shape[next]
            if size != 1 {
                if count == 1 {
                    (stepA, stepB) = (sa[next], sb[next])
                } else if sa[next] != stepA &* count || sb[next] != stepB &* count {
                    break
                }
                count *= size
            }
            axis = next
        }
        innerCount = count
        (innerA, innerB) = (stepA, stepB)
        outer = Array(shape[..<axis])
        stridesA = Array(sa[..<axis])
        stridesB = Array(sb[..<axis])
        runs = total / count
    }

    /// The offsets of a run's first elements.
    package func offsets(of run: Int) -> (a: Int, b: Int) {
        var rest = run
        var (a, b) = (0, 0)
        for axis in outer.indices.reversed() {
            let index = rest % outer[axis]
            rest /= outer[axis]
            a += index * stridesA[axis]
            b += index * stridesB[axis]
        }
        return (a, b)
    }
}
