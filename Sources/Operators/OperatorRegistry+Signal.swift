extension OperatorRegistry {
    static let signal: [any Operator.Type] = [
        BlackmanWindow.self, DFT.self, HammingWindow.self, HannWindow.self, MelWeightMatrix.self, STFT.self,
    ]
}
