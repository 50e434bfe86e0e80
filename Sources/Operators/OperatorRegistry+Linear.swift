extension OperatorRegistry {
    static let linear: [any Operator.Type] = [
        Conv.self, ConvInteger.self, ConvTranspose.self, DeformConv.self, Det.self, Einsum.self, Gemm.self, MatMul.self,
        MatMulInteger.self,
        QLinearConv.self, QLinearMatMul.self,
    ]
}
