import GraphIR
import Tensors

/// The magnitude.
enum Abs: UnaryOperator {
    static let schema = OperatorSchema("Abs", versions: [1, 6, 13], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { abs($0) },
            double: { abs($0) },
            integer: { $0 < 0 ? 0 &- $0 : $0 },
            unsigned: { $0 }
        )
    }

    static func elementary(_ site: OperatorSite) throws(CNNOptError) -> ElementaryFunction? {
        .absolute
    }

    static func derivative(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError)
        -> GradientFragment.Operand?
    { fragment.add("Sign", [.input(0)]) }
}
