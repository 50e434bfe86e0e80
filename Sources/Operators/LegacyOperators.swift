import GraphIR
import Tensors

/// The experimental operators of early ONNX, which old exporters wrote into the default domain.
enum LegacyOperators {
    /// The first operator set without them.
    static let end = 10
}

extension OperatorSite {
    /// A stored number in the first input's element type, for a rewrite.
    /// - Throws: `unsupported` where that type is unknown.
    func number(_ value: Float, stem: String) throws(CNNOptError) -> OperatorRewrite.Operand {
        guard let type = elementType(0) else {
            throw failure(.unsupported, "the element type of its input is unknown, so it cannot be rewritten")
        }
        return .constant(try TensorData([value], shape: []).cast(to: type), stem: stem)
    }
}
