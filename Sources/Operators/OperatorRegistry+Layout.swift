extension OperatorRegistry {
    static let layout: [any Operator.Type] = [
        CenterCropPad.self, Concat.self, ConstantOperator.self, DepthToSpace.self, Dropout.self, Expand.self,
        Flatten.self, Identity.self, Pad.self, Reshape.self, ReverseSequence.self, Slice.self, SpaceToDepth.self,
        Split.self, Squeeze.self, Tile.self, Transpose.self, Unsqueeze.self,
    ]
}
