import GraphIR
import Tensors

/// Elements of X where the condition holds, else of Y, brought to the result's scale and zero point: the condition, X with its
/// scale and zero point, Y with its own, then those of the result.
enum QLinearWhere: Operator {
    static let schema = OperatorSchema("QLinearWhere", domain: "com.microsoft", versions: [1], inputs: 8...9)
    static var traits: OperatorTraits { [.elementwise] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        try Where.inferTypes(site.plain([site.input(0), site.input(1), site.input(4)], opset: 16))
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let select = try Where.reference(site)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let (x, y) = (try inputs.required(1), try inputs.required(4))
            let grid = try inputs.grid(x.elementType, scale: 7, zero: 8)
            let left = try inputs.grid(1, scale: 2, zero: 3).requantized(x, to: grid)
            guard y.elementType == x.elementType else {
                throw CNNOptError(
                    .invalidModel,
                    "element types \(x.elementType.onnxName) and \(y.elementType.onnxName) differ"
                )
            }
            let right = try inputs.grid(4, scale: 5, zero: 6).requantized(y, to: grid)
            return try select.run([inputs.required(0), left, right], threads: threads)
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its operands are quantised")
    }
}
