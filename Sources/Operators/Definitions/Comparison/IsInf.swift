import GraphIR
import Tensors

/// Whether the input is infinite: of either sign, or of those that `detect_negative` and `detect_positive` leave.
enum IsInf: FlagOperator {
    static let schema = OperatorSchema("IsInf", versions: [10, 20], inputs: 1...1)

    static func apply(_ input: TensorData, _ site: OperatorSite) throws(CNNOptError) -> TensorData {
        let negative = try site.int("detect_negative", default: 1) != 0
        let positive = try site.int("detect_positive", default: 1) != 0
        return switch input.elementType {
        case .float64: try input.flags(Double.self) { $0.isInfinite && ($0 < 0 ? negative : positive) }
        default: try input.cast(to: .float32).flags(Float.self) { $0.isInfinite && ($0 < 0 ? negative : positive) }
        }
    }
}
