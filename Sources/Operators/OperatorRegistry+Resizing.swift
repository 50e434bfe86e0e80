extension OperatorRegistry {
    static let resizing: [any Operator.Type] = [
        Resize.self, Upsample.self,
    ]
}
