extension OperatorRegistry {
    static let layout: [any Operator.Type] = [
        ConstantOperator.self
    ]
}
