extension OperatorRegistry {
    static let attention: [any Operator.Type] = [
        Attention.self, CausalConvWithState.self, LinearAttention.self, RotaryEmbedding.self,
    ]

    static let recurrent: [any Operator.Type] = [GRU.self, LSTM.self, RNN.self]

    static let text: [any Operator.Type] = [StringConcat.self, StringNormalizer.self, StringSplit.self]
}
