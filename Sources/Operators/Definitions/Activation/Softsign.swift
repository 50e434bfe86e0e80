import GraphIR
import Tensors

/// x / (1 + |x|).
enum Softsign: UnaryOperator {
    static let schema = OperatorSchema("Softsign", versions: [1, 22], inputs: 1...1)

    static var compounds: [Compound] {
        let x = CompoundPattern.operand(0)
        return [Compound(.node(Div.self, [x, .sum([.number(1), .node(Abs.self, [x])])]))]
    }

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { $0 / (1 + abs($0)) },
            double: { $0 / (1 + abs($0)) }
        )
    }
}
