extension OperatorRegistry {
    static let activations: [any Operator.Type] = [
        Relu.self
    ]
}
