import GraphIR
import Passes
import TestSupport
import Tensors
import Testing

/// Sums and transposes around matrix products.
@Suite struct ProductRuleTests {
    @Test(arguments: [[4], [1, 4]], [true, false])
    func aSumAfterAMatrixProductBecomesGemm(_ shape: [Int], _ isStored: Bool) throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 6])
        try builder.constant("w", .random([6, 4], seed: 1))
        if isStored { try builder.constant("b", .random(shape, seed: 2)) } else { try builder.input("b", shape) }
        try builder.node("MatMul", ["x", "w"], ["p"])
        try builder.node("Add", ["b", "p"], ["y"])
        try builder.output("y")
        let (model, report) = try simplified(builder.model, within: 1e-6)
        #expect(model.graph.operatorTypes == ["Gemm"])
        #expect(report.layers.first?.change == "took in Add 'y_node'")
    }

    @Test func aComputedBiasGoesIntoGemm() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 6])
        try builder.input("b", [4])
        try builder.constant("w", .random([4, 6], seed: 1))
        try builder.node("Gemm", ["x", "w"], ["p"], [Attribute("transB", 1), Attribute("alpha", Float(2))])
        try builder.node("Add", ["p", "b"], ["y"])
        try builder.output("y")
        #expect(try simplified(builder.model, within: 1e-6).model.graph.operatorTypes == ["Gemm"])
    }

    @Test(arguments: [[2, 4], [2, 1], [1, 1, 4], [1]])
    func otherSumsStay(_ shape: [Int]) throws {
        var builder = ModelBuilder()
        try builder.input("x", [2, 6])
        try builder.input("b", shape)
        try builder.constant("w", .random([6, 4], seed: 1))
        try builder.node("MatMul", ["x", "w"], ["p"])
        try builder.node("Add", ["p", "b"], ["y"])
        try builder.output("y")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["MatMul", "Add"])
    }

    @Test func stacksOfMatricesStay() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 2, 6])
        try builder.constant("w", .random([6, 4], seed: 1))
        try builder.constant("b", .random([4], seed: 2))
        try builder.node("MatMul", ["x", "w"], ["p"])
        try builder.node("Add", ["p", "b"], ["y"])
        try builder.output("y")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["MatMul", "Add"])
    }

    @Test func productsWithOtherUsersStay() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 6])
        try builder.constant("w", .random([6, 4], seed: 1))
        try builder.constant("b", .random([4], seed: 2))
        try builder.node("MatMul", ["x", "w"], ["p"])
        try builder.node("Add", ["p", "b"], ["y"])
        try builder.output("p")
        try builder.output("y")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["MatMul", "Add"])
    }

    @Test(arguments: ["Gemm", "MatMul"], [0, 1])
    func transposesGoIntoProducts(_ type: String, _ port: Int) throws {
        var builder = ModelBuilder()
        try builder.input("a", port == 0 ? [6, 3] : [3, 6])
        try builder.input("b", port == 1 ? [4, 6] : [6, 4])
        try builder.node("Transpose", [port == 0 ? "a" : "b"], ["t"])
        try builder.node(type, port == 0 ? ["t", "b"] : ["a", "t"], ["y"])
        try builder.output("y")
        #expect(try simplified(builder.model, within: 1e-6).model.graph.operatorTypes == ["Gemm"])
    }

    @Test func otherTransposesStay() throws {
        var builder = ModelBuilder()
        try builder.input("a", [2, 6, 3])
        try builder.input("b", [2, 6, 4])
        try builder.node("Transpose", ["a"], ["t"], [Attribute("perm", [0, 2, 1])])
        try builder.node("MatMul", ["t", "b"], ["y"])
        try builder.output("y")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["Transpose", "MatMul"])
    }

    @Test func transposesOfOldModelsStayBeforeMatMul() throws {
        var builder = ModelBuilder(opset: 10)
        try builder.input("a", [6, 3])
        try builder.input("b", [6, 4])
        try builder.node("Transpose", ["a"], ["t"])
        try builder.node("MatMul", ["t", "b"], ["y"])
        try builder.output("y")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["Transpose", "MatMul"])
    }

    @Test func whereResultsAreQuantisedAllBitsAreKept() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 6])
        try builder.constant("w", .random([6, 4], seed: 1))
        try builder.constant("b", .random([4], seed: 2))
        try builder.constant("step", TensorData([0.01 as Float], shape: []))
        try builder.node("MatMul", ["x", "w"], ["p"])
        try builder.node("Add", ["p", "b"], ["s"])
        try builder.node("QuantizeLinear", ["s", "step"], ["y"])
        try builder.output("y")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["MatMul", "Add", "QuantizeLinear"])
    }
}
