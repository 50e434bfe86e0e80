/// Dependent quantisation: which multiples of a step a number may be depends on the numbers before it in its row.
///
/// In half of the states a number is an even multiple, in the others an odd one or zero, and its *index* counts those from zero on.
/// The index's parity leads to the next state. So points lie as densely as the step says, at the price of steps twice as large.
/// Sources: Marcellin and Fischer, Trellis Coded Quantization, 1990; Schwarz et al., Hybrid Video Coding with Trellis-Coded
/// Quantization, 2019, for zero in both halves; the states are those of Ungerboeck's code of 32 states, Channel Coding with
/// Multilevel/Phase Signals, 1982 (parity checks 45 and 10, octal).
package enum DependentTrellis {
    package static let states = 32
    /// Every row begins in it.
    package static let start = 0

    /// Whether numbers are odd multiples or zero in a state (1), or even ones (0).
    @inline(__always)
    package static func half(_ state: Int) -> Int { state & 1 }

    /// The state after an index: the code's encoder in observer form.
    @inline(__always)
    package static func next(_ state: Int, parity: Int) -> Int {
        (state &>> 1) ^ ((state & 1) &* 0b10010) ^ (parity &<< 2)
    }

    /// The states after each state, by an even and by an odd index: for loops in other modules.
    package static let successors: SharedReadPointer<UInt8> = {
        let table = UnsafeMutablePointer<UInt8>.allocate(capacity: 2 * states)
        for number in 0..<2 * states {
            (table + number).initialize(to: UInt8(next(number >> 1, parity: number & 1)))
        }
        return SharedReadPointer(table)
    }()

    /// The multiple that an index stands for.
    @inline(__always)
    package static func multiple(_ index: Int64, _ state: Int) -> Int64 {
        2 &* index &- (state & 1 == 0 ? 0 : index.signum())
    }

    /// The index of a multiple; nil where the state has no such multiple.
    @inline(__always)
    package static func index(_ multiple: Int64, _ state: Int) -> Int64? {
        multiple & 1 == Int64(half(state)) || multiple == 0 ? index(multiple) : nil
    }

    /// The index of a multiple in whatever states have it.
    @inline(__always)
    package static func index(_ multiple: Int64) -> Int64 { (multiple &+ (multiple & 1) &* multiple.signum()) / 2 }
}
