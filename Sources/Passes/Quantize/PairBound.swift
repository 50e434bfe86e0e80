/// The bound under which 8-bit products cannot overflow the 16-bit sums of x86 processors without VNNI.
///
/// `vpmaddubsw` adds two products of an unsigned and a signed byte and clamps the sum to 16 bits. With activations up to 255
/// that clamps nothing as long as |a| + |b| ≤ 128 for weights that meet: 255 · 128 = 32,640 ≤ 32,767. Kernels take the weights
/// of one output channel in pairs of neighbours, either with input channels innermost (as ONNX Runtime's convolution does
/// after bringing images to NHWC, and its matrix product) or in the order of the file. Padding of the sum's length may shift
/// where pairs begin, so every two neighbours in either order are held to the bound.
package enum PairBound {
    package static let limit: Int32 = 128

    /// Moves the codes of each pair that breaks the bound towards zero, the excess shared between both.
    /// - Parameters:
    ///   - codes: one row, in the order of ``WeightRows``.
    ///   - memoryOrder: the same elements in the file's order.
    static func hold(_ codes: UnsafeMutablePointer<Int32>, _ memoryOrder: [Int]) {
        let count = memoryOrder.count
        guard count > 1 else { return }
        for index in 0..<count - 1 { hold(codes, index, index + 1) }
        for index in 0..<count - 1 { hold(codes, memoryOrder[index], memoryOrder[index + 1]) }
    }

    @inline(__always)
    private static func hold(_ codes: UnsafeMutablePointer<Int32>, _ i: Int, _ j: Int) {
        let (a, b) = (abs(codes[i]), abs(codes[j]))
        let excess = a + b - limit
        guard excess > 0 else { return }
        // Neither |code| exceeds 127, so that both can give up their share.
        let first = min(a, excess / 2 + (a >= b ? excess % 2 : 0))
        let second = excess - first
        codes[i] -= codes[i].signum() * first
        codes[j] -= codes[j].signum() * second
    }

    /// How many pairs of neighbours break the bound.
    /// - Parameter codes: row after row, in the order of the rows.
    package static func violations(_ codes: [Int8], in rows: WeightRows) -> Int {
        var count = 0
        for row in 0..<rows.rowCount {
            let base = row * rows.rowLength
            func breaks(_ i: Int, _ j: Int) -> Bool {
                Int32(codes[base + i]).magnitude + Int32(codes[base + j]).magnitude > UInt32(limit)
            }
            for index in 0..<max(0, rows.rowLength - 1) {
                if breaks(index, index + 1) { count += 1 }
                let (i, j) = (rows.memoryOrder[index], rows.memoryOrder[index + 1])
                if abs(i - j) != 1, breaks(i, j) { count += 1 }
            }
        }
        return count
    }
}
