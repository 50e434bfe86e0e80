extension OperatorRegistry {
    static let random: [any Operator.Type] = [
        Bernoulli.self, Multinomial.self, RandomNormal.self, RandomNormalLike.self, RandomUniform.self,
        RandomUniformLike.self,
    ]
}
