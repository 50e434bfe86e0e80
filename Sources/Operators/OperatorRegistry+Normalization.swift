extension OperatorRegistry {
    static let normalization: [any Operator.Type] = [
        BatchNormalization.self, Hardmax.self, LogSoftmax.self, Softmax.self,
    ]
}
