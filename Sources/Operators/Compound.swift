import GraphIR
import Tensors

/// How exporters write an operator by simpler ones, where the operator set that they write for lacks it.
package struct Compound: Sendable {
    package let pattern: CompoundPattern
    /// The attributes of the operator for a match whose pattern fits; nil where its numbers or shapes say otherwise.
    package let attributes: @Sendable (CompoundMatch) throws(CNNOptError) -> [Attribute]?

    package init(
        _ pattern: CompoundPattern,
        attributes: @escaping @Sendable (CompoundMatch) throws(CNNOptError) -> [Attribute]? = { _ in [] }
    ) {
        self.pattern = pattern
        self.attributes = attributes
    }
}

/// Part of a compound: what computes one value.
package indirect enum CompoundPattern: Sendable {
    /// The operator's own input: the same value wherever the number stands.
    case operand(Int)
    /// One stored number that is this one within the rounding of 32-bit floats.
    case number(Double)
    /// One stored number, whatever it is.
    case anyNumber(String)
    /// The product of the parts in any order and grouping, also by division through stored numbers, which are multiplied
    /// together.
    case product([CompoundPattern])
    /// The sum of the parts in any order and grouping; stored numbers are added up.
    case sum([CompoundPattern])
    /// An operator whose first inputs fit; its site is known by the name afterwards.
    case node(any Operator.Type, [CompoundPattern], name: String? = nil)
    /// Any operator that keeps a value between two numbers.
    case clamp(CompoundPattern, low: CompoundPattern, high: CompoundPattern)
}

/// What fits a compound's pattern.
package struct CompoundMatch: Sendable {
    /// The numbers of ``CompoundPattern/anyNumber(_:)``.
    package var numbers: [String: Double] = [:]
    /// The named nodes.
    package var sites: [String: OperatorSite] = [:]
    /// What is known of the operands, by their numbers.
    package var operands: [Int: TensorType] = [:]

    package init() {}

    /// Whether two numbers are the same but for the rounding of a few operations on 32-bit floats.
    package static func isRounded(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= abs(b) * 0x1p-22 }
}
