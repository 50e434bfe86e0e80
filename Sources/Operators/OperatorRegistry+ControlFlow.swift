extension OperatorRegistry {
    static let controlFlow: [any Operator.Type] = [If.self, Loop.self, Scan.self]
}
