extension OperatorRegistry {
    static let sampling: [any Operator.Type] = [
        AffineGrid.self, Col2Im.self, GridSample.self,
    ]
}
