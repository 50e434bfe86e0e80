import Tensors

/// What surrounds the next number under the token model. Magnitudes are in sixteenths, without the bits that no token speaks of.
package final class TokenSurroundings: Surroundings {
    let layout: TokenLayout
    /// Of dependent quantisation, before the next number.
    var state = DependentTrellis.start

    /// The largest magnitude that contexts tell apart.
    private static let largest: UInt64 = 255

    package init(_ layout: TokenLayout) {
        self.layout = layout
        super.init(rowLength: layout.rowLength, kernelLength: layout.kernelLength, start: layout.start)
    }

    /// A magnitude as contexts see it.
    @inline(__always)
    static func seen(_ magnitude: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: min(magnitude, largest)) << 4 }
}
