/// The product of sizes from outside; nil where one is negative or the product overflows. The empty product is 1.
@inlinable
package func checkedProduct(_ sizes: some Sequence<Int>) -> Int? {
    var result = 1
    var overflowed = false
    for size in sizes {
        if size < 0 { return nil }
        if size == 0 { return 0 }
        let (next, overflow) = result.multipliedReportingOverflow(by: size)
        overflowed = overflowed || overflow
        result = overflow ? 1 : next
    }
    return overflowed ? nil : result
}

/// Row-major strides of a tensor's shape, in elements. Where the tensor is empty nothing is ever stepped over, its other sizes may
/// multiply to anything, and the strides are 1.
@inlinable
package func rowMajorStrides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    if shape.contains(0) { return strides }
    var step = 1
    for axis in shape.indices.reversed() {
        strides[axis] = step
        step &*= max(shape[axis], 1)
    }
    return strides
}
