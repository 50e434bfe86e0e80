/// What surrounds the next number under the magnitude model.
///
/// Magnitudes are relative to the tensor's highest class: its numbers are 2,048 to 4,095, those of the class below 1,024 to
/// 2,047, and so on.
package final class MagnitudeSurroundings: Surroundings {
    let layout: MagnitudeLayout
    let widths: UnsafeMutablePointer<UInt8>

    package init(_ layout: MagnitudeLayout) {
        self.layout = layout
        widths = .allocate(capacity: layout.top + 1)
        widths.initialize(repeating: 0, count: layout.top + 1)
        for (index, width) in layout.widths.prefix(layout.top + 1).enumerated() { widths[index] = min(width, 56) }
        super.init(rowLength: layout.rowLength, kernelLength: layout.kernelLength, start: 600 << 4)
    }

    deinit { widths.deallocate() }
}
