import Tensors

/// The sum of two 8-bit tensors, quantised again.
enum QLinearAdd: QuantizedBinaryOperator {
    static let schema = OperatorSchema("QLinearAdd", domain: "com.microsoft", versions: [1], inputs: 7...8)
    static var function: BinaryFunction { BinaryFunction(float: { $0 + $1 }, double: { $0 + $1 }) }
    static var pair: PairFunction { .add }

    static func factors(_ a: Float, _ b: Float, _ result: Float) -> (a: Float, b: Float, result: Float) {
        (a / result, b / result, 1)
    }
}
