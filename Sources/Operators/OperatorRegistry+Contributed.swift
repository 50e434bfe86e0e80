extension OperatorRegistry {
    /// Of ONNX Runtime's domain, what its quantiser writes.
    static let contributed: [any Operator.Type] = [
        ContributedDequantizeLinear.self, ContributedQuantizeLinear.self, QGemm.self, QLinearAdd.self,
        QLinearAveragePool.self, QLinearConcat.self, QLinearGlobalAveragePool.self, QLinearLeakyRelu.self,
        QLinearMul.self,
        QLinearSigmoid.self, QLinearSoftmax.self, QLinearWhere.self,
    ]
}
