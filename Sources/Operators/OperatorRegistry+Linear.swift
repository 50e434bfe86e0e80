extension OperatorRegistry {
    static let linear: [any Operator.Type] = [
        Conv.self, ConvTranspose.self, Gemm.self, MatMul.self,
    ]
}
