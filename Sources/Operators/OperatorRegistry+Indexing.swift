extension OperatorRegistry {
    static let indexing: [any Operator.Type] = [
        Compress.self, Gather.self, GatherElements.self, GatherND.self, NonZero.self, OneHot.self, Scatter.self,
        ScatterElements.self, ScatterND.self, TensorScatter.self,
    ]
}
