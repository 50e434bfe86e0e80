extension OperatorRegistry {
    static let indexing: [any Operator.Type] = [
        Gather.self
    ]
}
