extension OperatorRegistry {
    static let detection: [any Operator.Type] = [
        MaxRoiPool.self, NonMaxSuppression.self, RoiAlign.self,
    ]
}
