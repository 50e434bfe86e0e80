extension OperatorRegistry {
    static let activations: [any Operator.Type] = [
        Celu.self, Clip.self, Elu.self, Gelu.self, HardSigmoid.self, HardSwish.self, LeakyRelu.self, Mish.self,
        PRelu.self,
        Relu.self, Selu.self, Shrink.self, Sigmoid.self, Softplus.self, Softsign.self, SwiGLU.self, Swish.self,
        Tanh.self,
        ThresholdedRelu.self,
    ]
}
