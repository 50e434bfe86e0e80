import GraphIR
import Tensors

/// x, or `alpha`·x below zero.
enum LeakyRelu: UnaryOperator {
    static let schema = OperatorSchema("LeakyRelu", versions: [1, 6, 16], inputs: 1...1)
    static var traits: OperatorTraits { [.elementwise, .isQuantizable] }

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        let alpha = try site.float("alpha", default: 0.01)
        let alphaWide = Double(alpha)
        return UnaryFunction(
            floatLoop: { x, y, range in
                for i in range { y[i] = x[i] < 0 ? alpha * x[i] : x[i] }
            },
            doubleLoop: { x, y, range in
                for i in range { y[i] = x[i] < 0 ? alphaWide * x[i] : x[i] }
            }
        )
    }

    static func elementary(_ site: OperatorSite) throws(CNNOptError) -> ElementaryFunction? {
        .leakyRelu(try site.float("alpha", default: 0.01))
    }

    static func derivative(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError)
        -> GradientFragment.Operand?
    {
        let slope = Double(try site.float("alpha", default: 0.01))
        return try fragment.sum(fragment.product(fragment.step(.input(0)), 1 - slope), slope)
    }
}
