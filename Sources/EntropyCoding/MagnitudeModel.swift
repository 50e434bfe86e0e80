/// What was learned of numbers so far: estimates of all decisions in their contexts. It serves one tensor after another;
/// tensors that resemble each other need not be learned anew.
///
/// The binarisation: zero or not; whether the class is above an ordinary one, and how far above or below in unary, below with an Exp-Golomb escape; the sign; the
/// upper bits of the fraction; its lower bits as they are. The first two are coded in two contexts at once, whose estimates
/// are mixed: what rows and columns had so far, and what the neighbours are.
package final class MagnitudeModel {
    static let contexts = ScaleContext.count
    /// Decisions on the class in each context.
    static let nodes = 48
    /// Where the decisions lie: above the middle or not (0), downwards (1 to 23), the escape's, zero, upwards.
    static let below = 1
    static let longestBelow: UInt32 = 23
    static let escape = 24
    static let zero = 40
    static let above = 41
    static let fractionContexts = 32
    static let fractionNodes = 16
    static let signs = 10

    /// By the means of row and column.
    let scale: UnsafeMutablePointer<AdaptiveBit>
    let neighbours: UnsafeMutablePointer<AdaptiveBit>
    let weights: UnsafeMutablePointer<MixingWeights>
    let fractions: UnsafeMutablePointer<AdaptiveBit>
    let sign: UnsafeMutablePointer<AdaptiveBit>
    /// Upper bits of fractions that are modelled, 0 to 4.
    let modelledBits: Int

    /// - Parameter modelledBits: upper bits of fractions to model, 0 to 4; the others are coded as they are.
    package init(modelledBits: Int) {
        self.modelledBits = min(max(modelledBits, 0), 4)
        func bits(_ count: Int) -> UnsafeMutablePointer<AdaptiveBit> {
            let memory = UnsafeMutablePointer<AdaptiveBit>.allocate(capacity: count)
            memory.initialize(repeating: AdaptiveBit(), count: count)
            return memory
        }
        scale = bits(Self.contexts * Self.nodes)
        neighbours = bits(Self.contexts * Self.nodes)
        fractions = bits(Self.fractionContexts * Self.fractionNodes)
        sign = bits(Self.signs)
        weights = .allocate(capacity: Self.nodes)
        weights.initialize(repeating: MixingWeights(), count: Self.nodes)
    }

    deinit {
        scale.deallocate()
        neighbours.deallocate()
        fractions.deallocate()
        sign.deallocate()
        weights.deallocate()
    }
}
