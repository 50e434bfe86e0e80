import GraphIR
import Tensors

/// One node that does what two nodes do of which the first feeds the second alone.
package struct MergedNode: Sendable {
    /// What the node reads.
    package enum Operand: Sendable {
        /// An input of the earlier node.
        case earlier(Int)
        /// An input of the later node.
        case later(Int)
        /// A stored tensor; `stem` is the beginning of its name.
        case constant(TensorData, stem: String)
    }

    package var operatorType: String
    package var inputs: [Operand?]
    package var attributes: [Attribute]

    package init(_ operatorType: String, _ inputs: [Operand?], attributes: [Attribute] = []) {
        self.operatorType = operatorType
        self.inputs = inputs
        self.attributes = attributes
    }

    /// Both nodes together hand the earlier one's first input on.
    package static let nothing = MergedNode("Identity", [.earlier(0)])

    /// Whether both together do nothing.
    package var isNothing: Bool { operatorType == Self.nothing.operatorType }
}

/// An operator of which a node may do what it and the node before it do.
package protocol MergingOperator: Operator {
    /// This node and the one that makes its first input, which nobody else reads, as one node of this operator set; nil where no
    /// single node does the same.
    static func merged(_ site: OperatorSite, after earlier: OperatorSite, of definition: any Operator.Type)
        throws(CNNOptError) -> MergedNode?
}

extension ElementType {
    /// Whether each number of another type is one of this type too.
    func holds(_ other: ElementType) -> Bool {
        if self == other { return true }
        guard let mine = range, let theirs = other.range else { return false }
        return mine.exponents >= theirs.exponents && mine.digits >= theirs.digits && (mine.isSigned || !theirs.isSigned)
    }

    /// Binary digits that a number may have, and the largest power of two above its magnitude; nil for types that this does not
    /// describe.
    private var range: (digits: Int, exponents: Int, isSigned: Bool)? {
        switch self {
        case .bool: (1, 1, false)
        case .uint8: (8, 8, false)
        case .uint16: (16, 16, false)
        case .uint32: (32, 32, false)
        case .uint64: (64, 64, false)
        case .int8: (7, 7, true)
        case .int16: (15, 15, true)
        case .int32: (31, 31, true)
        case .int64: (63, 63, true)
        case .float16: (11, 16, true)
        case .float32: (24, 128, true)
        case .float64: (53, 1024, true)
        case .bfloat16: (8, 128, true)
        default: nil
        }
    }
}
