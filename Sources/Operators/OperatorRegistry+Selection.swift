extension OperatorRegistry {
    static let selection: [any Operator.Type] = [
        Where.self
    ]
}
