import GraphIR
import Tensors

/// a & b on the bits of integers, with broadcasting.
enum BitwiseAnd: BinaryOperator {
    static let schema = OperatorSchema("BitwiseAnd", versions: [18], inputs: 2...2)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> BinaryFunction {
        BinaryFunction(integer: { (a, b) throws(CNNOptError) in a & b })
    }
}
