extension OperatorRegistry {
    static let reductions: [any Operator.Type] = [
        ReduceL1.self, ReduceL2.self, ReduceLogSum.self, ReduceLogSumExp.self, ReduceMax.self, ReduceMean.self,
        ReduceMin.self, ReduceProd.self, ReduceSum.self, ReduceSumSquare.self,
    ]
}
