extension OperatorRegistry {
    static let quantization: [any Operator.Type] = [
        DequantizeLinear.self, QuantizeLinear.self,
    ]
}
