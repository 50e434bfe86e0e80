extension OperatorRegistry {
    static let legacy: [any Operator.Type] = [
        Affine.self, Crop.self, ImageScaler.self, ParametricSoftplus.self, ScaledTanh.self,
    ]
}
