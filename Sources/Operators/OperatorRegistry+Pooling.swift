extension OperatorRegistry {
    static let pooling: [any Operator.Type] = [
        AveragePool.self, GlobalAveragePool.self, GlobalLpPool.self, GlobalMaxPool.self, LpPool.self, MaxPool.self,
        MaxUnpool.self,
    ]
}
