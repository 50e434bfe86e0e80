import Tensors

/// The product of two 8-bit tensors, element by element, quantised again.
enum QLinearMul: QuantizedBinaryOperator {
    static let schema = OperatorSchema("QLinearMul", domain: "com.microsoft", versions: [1], inputs: 7...8)
    static var function: BinaryFunction { BinaryFunction(float: { $0 * $1 }, double: { $0 * $1 }) }
    static var pair: PairFunction { .multiply }

    static func factors(_ a: Float, _ b: Float, _ result: Float) -> (a: Float, b: Float, result: Float) {
        (1, 1, a * b / result)
    }
}
