import GraphIR
import Tensors

/// a·sigmoid(alpha·a)·b. Shazeer, GLU Variants Improve Transformer, 2020.
enum SwiGLU: BinaryOperator {
    static let schema = OperatorSchema("SwiGLU", versions: [28], inputs: 2...2)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> BinaryFunction {
        let alpha = try site.float("alpha", default: 1)
        let alphaWide = Double(alpha)
        return BinaryFunction(
            float: { $0 * Mathematics.sigmoid(alpha * $0) * $1 },
            double: { $0 * Mathematics.sigmoid(alphaWide * $0) * $1 }
        )
    }
}
