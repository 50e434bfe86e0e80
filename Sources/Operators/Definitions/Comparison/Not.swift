import GraphIR
import Tensors

/// Whether the input does not hold.
enum Not: FlagOperator {
    static let schema = OperatorSchema("Not", versions: [1], inputs: 1...1)

    static func apply(_ input: TensorData, _ site: OperatorSite) throws(CNNOptError) -> TensorData {
        guard input.elementType == .bool else {
            throw CNNOptError(.invalidModel, "element type \(input.elementType.onnxName), but it must be bool")
        }
        return try input.flags(UInt8.self) { $0 == 0 }
    }
}
