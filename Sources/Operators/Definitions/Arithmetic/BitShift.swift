import GraphIR
import Tensors

/// Unsigned integers shifted by b bits, with broadcasting; what is shifted out is lost.
enum BitShift: BinaryOperator {
    static let schema = OperatorSchema("BitShift", versions: [11], inputs: 2...2)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> BinaryFunction {
        guard let type = site.elementType(0) else { throw site.failure(.unsupported, "its element type is unknown") }
        guard [.uint8, .uint16, .uint32, .uint64].contains(type) else {
            throw site.failure(.invalidModel, "element type \(type.onnxName): only unsigned integers are shifted")
        }
        let shift: BinaryFunction.Integer<UInt64>
        switch try site.string("direction") {
        case "LEFT": shift = { (a, b) throws(CNNOptError) in a << b }
        case "RIGHT": shift = { (a, b) throws(CNNOptError) in a >> b }
        default: throw site.failure(.invalidModel, "attribute 'direction' is neither LEFT nor RIGHT")
        }
        return BinaryFunction(unsigned: shift)
    }
}
