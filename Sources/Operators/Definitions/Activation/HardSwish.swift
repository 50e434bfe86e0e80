import GraphIR
import Tensors

/// x·(x/6 + ½, clamped to 0…1). Howard et al., 2019.
enum HardSwish: UnaryOperator {
    static let schema = OperatorSchema("HardSwish", versions: [14, 22], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { $0 * gate($0) },
            double: { $0 * gate($0) }
        )
    }

    @inline(__always)
    private static func gate<T: FloatingPoint>(_ x: T) -> T {
        Mathematics.smaller(Mathematics.larger(x / 6 + 1 / 2, 0), 1)
    }
}
