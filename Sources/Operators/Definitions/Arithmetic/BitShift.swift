import GraphIR
import Tensors

/// Integers shifted by b bits, with broadcasting; what is shifted out is lost, and signed numbers keep their sign to the right.
/// A shift below zero or past the width leaves nothing but the sign's copies.
enum BitShift: BinaryOperator {
    static let schema = OperatorSchema("BitShift", versions: [11, 28], inputs: 2...2)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> BinaryFunction {
        switch try site.string("direction") {
        case "LEFT":
            return BinaryFunction(
                integer: { (a, b) throws(CNNOptError) in b < 0 ? 0 : a << b },
                unsigned: { (a, b) throws(CNNOptError) in a << b }
            )
        case "RIGHT":
            return BinaryFunction(
                integer: { (a, b) throws(CNNOptError) in a >> (b < 0 ? 64 : b) },
                unsigned: { (a, b) throws(CNNOptError) in a >> b }
            )
        default: throw site.failure(.invalidModel, "attribute 'direction' is neither LEFT nor RIGHT")
        }
    }
}
