extension OperatorRegistry {
    static let normalization: [any Operator.Type] = [
        BatchNormalization.self, GroupNormalization.self, Hardmax.self, InstanceNormalization.self, LRN.self,
        LayerNormalization.self, LogSoftmax.self, LpNormalization.self, MeanVarianceNormalization.self,
        RMSNormalization.self,
        Softmax.self,
    ]
}
