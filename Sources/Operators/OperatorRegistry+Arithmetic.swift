extension OperatorRegistry {
    static let arithmetic: [any Operator.Type] = [
        Add.self
    ]
}
