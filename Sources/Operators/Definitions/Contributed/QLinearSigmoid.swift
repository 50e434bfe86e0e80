/// 1 / (1 + e⁻ˣ) of an 8-bit tensor, quantised again.
enum QLinearSigmoid: QuantizedUnaryOperator {
    typealias Plain = Sigmoid

    static let schema = OperatorSchema("QLinearSigmoid", domain: "com.microsoft", versions: [1], inputs: 4...5)
}
