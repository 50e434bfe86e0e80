extension OperatorRegistry {
    static let quantization: [any Operator.Type] = [
        DequantizeLinear.self, DynamicQuantizeLinear.self, QuantizeLinear.self,
    ]
}
