import Tensors

/// What surrounds the next number of a tensor: running means of magnitudes by row and column, and the last numbers.
///
/// Magnitudes are relative to the tensor's highest class: its numbers are 2,048 to 4,095, those of the class below 1,024 to
/// 2,047, and so on. Means are in sixteenths of that.
package final class MagnitudeSurroundings {
    static let history = 128

    let layout: MagnitudeLayout
    /// Means by place in the row; 0 before the first number.
    let columns: UnsafeMutablePointer<UInt32>
    /// Magnitudes and signs of the last 128 numbers, by number modulo 128.
    let magnitudes: UnsafeMutablePointer<UInt32>
    let signs: UnsafeMutablePointer<UInt8>
    let widths: UnsafeMutablePointer<UInt8>
    var row: UInt32 = MagnitudeSurroundings.start
    var whole: UInt32 = MagnitudeSurroundings.start
    /// The logarithm of `whole` when the row began.
    var wholeLevel = 0
    /// The place of the next number in its row and kernel, and its number modulo 128.
    var place = 0
    var kernelPlace = 0
    var number = 0
    /// Of dependent quantisation, before the next number.
    var state = DependentTrellis.start

    private static let start: UInt32 = 600 << 4

    package init(_ layout: MagnitudeLayout) {
        self.layout = layout
        columns = .allocate(capacity: max(layout.rowLength, 1))
        columns.initialize(repeating: 0, count: max(layout.rowLength, 1))
        magnitudes = .allocate(capacity: Self.history)
        magnitudes.initialize(repeating: 0, count: Self.history)
        signs = .allocate(capacity: Self.history)
        signs.initialize(repeating: 0, count: Self.history)
        widths = .allocate(capacity: layout.top + 1)
        widths.initialize(repeating: 0, count: layout.top + 1)
        for (index, width) in layout.widths.prefix(layout.top + 1).enumerated() { widths[index] = min(width, 56) }
    }

    deinit {
        columns.deallocate()
        magnitudes.deallocate()
        signs.deallocate()
        widths.deallocate()
    }
}
