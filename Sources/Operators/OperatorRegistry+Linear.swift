extension OperatorRegistry {
    static let linear: [any Operator.Type] = [
        Conv.self, Gemm.self, MatMul.self,
    ]
}
