import GraphIR
import Tensors

/// x·(x/6 + ½, clamped to 0…1). Howard et al., 2019.
enum HardSwish: UnaryOperator {
    static let schema = OperatorSchema("HardSwish", versions: [14, 22], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { $0 * Mathematics.smaller(Mathematics.larger($0 / 6 + 0.5, 0), 1) },
            double: { $0 * Mathematics.smaller(Mathematics.larger($0 / 6 + 0.5, 0), 1) }
        )
    }

    static func elementary(_ site: OperatorSite) throws(CNNOptError) -> ElementaryFunction? {
        .hardSwish
    }
}
