/// x, or `alpha`·x below zero, of an 8-bit tensor, quantised again.
enum QLinearLeakyRelu: QuantizedUnaryOperator {
    typealias Plain = LeakyRelu

    static let schema = OperatorSchema("QLinearLeakyRelu", domain: "com.microsoft", versions: [1], inputs: 4...5)
}
