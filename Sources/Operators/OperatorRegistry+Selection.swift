extension OperatorRegistry {
    static let selection: [any Operator.Type] = [
        ArgMax.self, ArgMin.self, TopK.self, Unique.self, Where.self,
    ]
}
