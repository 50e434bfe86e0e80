import GraphIR
import Tensors

/// x·tanh(log(1 + eˣ)). Misra, 2019.
enum Mish: UnaryOperator {
    static let schema = OperatorSchema("Mish", versions: [18, 22], inputs: 1...1)

    static var compounds: [Compound] {
        [Compound(.product([.operand(0), .node(Tanh.self, [.node(Softplus.self, [.operand(0)])])]))]
    }

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { $0 * gate($0) },
            double: { $0 * gate($0) }
        )
    }

    /// tanh(log(1 + eˣ)) = n / (n + 2) with n = eˣ·(eˣ + 2); 1 where eˣ is large.
    @inline(__always)
    private static func gate(_ x: Float) -> Float {
        let e = Mathematics.exp(min(x, 20))
        return e * (e + 2) / (e * (e + 2) + 2)
    }

    @inline(__always)
    private static func gate(_ x: Double) -> Double {
        let e = Mathematics.exp(min(x, 40))
        return e * (e + 2) / (e * (e + 2) + 2)
    }

    static func elementary(_ site: OperatorSite) throws(CNNOptError) -> ElementaryFunction? {
        .mish
    }
}
