import GraphIR
import Tensors

/// What Loop and Scan have in common.
extension TensorData {
    /// The one element of a truth tensor.
    func truthValue(_ what: String) throws(CNNOptError) -> Bool {
        guard elementType == .bool, count == 1 else {
            throw CNNOptError(
                .invalidModel,
                "\(what) is \(elementType.onnxName)\(shape) and not one truth value"
            )
        }
        return try withElements(UInt8.self) { (values) throws(CNNOptError) in values[0] != 0 }
    }
}

extension Dimension {
    /// The size that both say: a known one before a named one before none.
    func merged(_ other: Dimension) -> Dimension {
        if size != nil { return self }
        if other.size != nil { return other }
        if case .symbol = self { return self }
        return other
    }
}
