extension OperatorRegistry {
    static let shapes: [any Operator.Type] = [
        ConstantOfShape.self, EyeLike.self, RangeOperator.self, ShapeOperator.self, Size.self, Trilu.self,
    ]
}
