extension OperatorRegistry {
    static let shapes: [any Operator.Type] = [
        ConstantOfShape.self,
        ShapeOperator.self,
        Size.self,
    ]
}
