import GraphIR
import Tensors

/// x·sigmoid(`alpha`·x). Ramachandran et al., 2017.
enum Swish: UnaryOperator {
    static let schema = OperatorSchema("Swish", versions: [24], inputs: 1...1)

    static var compounds: [Compound] {
        let x = CompoundPattern.operand(0)
        return [
            Compound(.product([x, .node(Sigmoid.self, [x])])),
            Compound(.product([x, .node(Sigmoid.self, [.product([x, .anyNumber("alpha")])])])) { match in
                match.numbers["alpha"].map { [Attribute("alpha", Float($0))] }
            },
        ]
    }

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        let alpha = try site.float("alpha", default: 1)
        let alphaWide = Double(alpha)
        return UnaryFunction(
            float: { $0 * Mathematics.sigmoid(alpha * $0) },
            double: { $0 * Mathematics.sigmoid(alphaWide * $0) }
        )
    }

    static func elementary(_ site: OperatorSite) throws(CNNOptError) -> ElementaryFunction? {
        .swish(try site.float("alpha", default: 1))
    }
}
