import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct GraphFactsTests {
    @Test func declaredSizesDoNotReplaceInferredSymbols() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 3])
        try builder.node("Relu", ["x"], ["a"])
        try builder.node("Mystery", ["a"], ["b"])
        try builder.output("b")
        var graph = builder.model.graph
        let declared = ValueType.tensor(TensorType(.float32, [1, 3]))
        let isTaken = graph.addDeclaration("a", type: declared)
        #expect(isTaken)
        var model = builder.model
        model.graph = graph
        let facts = try GraphFacts(model)
        let a = try #require(graph.value(named: "a"))
        #expect(facts.type(a).shape == [.symbol("d0"), 3])
    }
}
