import Tensors

/// A shape seen from one axis: the product of the sizes before it, its own size, and the product of the sizes after it.
struct AxisSpan: Sendable {
    let outer: Int
    let count: Int
    let inner: Int

    /// - Parameter axis: counted from the front. Of a tensor without elements the products mean nothing.
    init(_ shape: [Int], axis: Int) {
        outer = shape[..<axis].reduce(1, &*)
        count = shape[axis]
        inner = shape[(axis + 1)...].reduce(1, &*)
    }

    /// The first elements of all rows along the axis, in order; ``inner`` is their step.
    func forEachRow(_ body: (_ row: Int, _ first: Int) -> Void) {
        for o in 0..<outer {
            for i in 0..<inner { body(o * inner + i, o * count * inner + i) }
        }
    }
}
