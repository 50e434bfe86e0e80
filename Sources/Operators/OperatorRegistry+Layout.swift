extension OperatorRegistry {
    static let layout: [any Operator.Type] = [
        Concat.self,
        ConstantOperator.self,
        Dropout.self,
        Expand.self,
        Flatten.self,
        Identity.self,
        Pad.self,
        Reshape.self,
        Slice.self,
        Split.self,
        Squeeze.self,
        Tile.self,
        Transpose.self,
        Unsqueeze.self,
    ]
}
