import GraphIR
import Tensors

/// Whether the input is not a number.
enum IsNaN: FlagOperator {
    static let schema = OperatorSchema("IsNaN", versions: [9, 13, 20], inputs: 1...1)

    static func apply(_ input: TensorData, _ site: OperatorSite) throws(CNNOptError) -> TensorData {
        switch input.elementType {
        case .float32: try input.flags(Float.self) { $0.isNaN }
        case .float64: try input.flags(Double.self) { $0.isNaN }
        default: try input.cast(to: .float32).flags(Float.self) { $0.isNaN }
        }
    }
}
