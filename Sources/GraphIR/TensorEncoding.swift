/// What is known of how a tensor's values came about.
package enum TensorEncoding: Sendable, Hashable {
    /// float32 elements Float(Double(q · 2^shift) · step) with whole numbers q.
    /// - axis: the axis each of whose indices has a step of its own, 0 or 1; nil for one step.
    /// - shifts: 0 to 7 for each place of the other axes, in the order of the elements; empty where nothing is shifted. Without an
    ///   axis, places are those of one index of axis 0.
    case uniformGrid(axis: Int?, steps: [Float], shifts: [UInt8])
}
