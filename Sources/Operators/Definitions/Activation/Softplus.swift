import GraphIR
import Tensors

/// log(1 + eˣ).
enum Softplus: UnaryOperator {
    static let schema = OperatorSchema("Softplus", versions: [1, 22], inputs: 1...1)

    static var compounds: [Compound] {
        [Compound(.node(Log.self, [.sum([.number(1), .node(Exp.self, [.operand(0)])])]))]
    }

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { Mathematics.softplus($0) },
            double: { Mathematics.softplus($0) }
        )
    }

    static func elementary(_ site: OperatorSite) throws(CNNOptError) -> ElementaryFunction? {
        .softplus
    }

    static func derivative(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError)
        -> GradientFragment.Operand?
    { fragment.add("Sigmoid", [.input(0)]) }
}
