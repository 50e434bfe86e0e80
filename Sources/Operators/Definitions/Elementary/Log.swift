import GraphIR
import Tensors

/// The natural logarithm.
enum Log: UnaryOperator {
    static let schema = OperatorSchema("Log", versions: [1, 6, 13], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { Mathematics.log($0) },
            double: { Mathematics.log($0) }
        )
    }

    static func elementary(_ site: OperatorSite) throws(CNNOptError) -> ElementaryFunction? {
        .logarithm
    }

    static func derivative(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError)
        -> GradientFragment.Operand?
    { fragment.add("Reciprocal", [.input(0)]) }
}
