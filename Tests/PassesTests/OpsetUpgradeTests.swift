import GraphIR
import Passes
import TestSupport
import Tensors
import Testing

@Suite struct OpsetUpgradeTests {
    private func model(_ type: String, domain: String? = nil) throws -> Model {
        var builder = ModelBuilder(opset: 7, irVersion: 3)
        try builder.input("x", [3])
        try builder.input("w", [3])
        try builder.constant("w", TensorData([1, 2, 3] as [Float]))
        try builder.node("Add", ["x", "w"], ["a"])
        try builder.node(type, ["a"], ["y"], domain: domain)
        try builder.output("y")
        return builder.model
    }

    @Test func formsThatStayNeedNothing() throws {
        var result = try model("Relu")
        #expect(try OpsetUpgrade.upgrade(&result, to: 13).isEmpty)
        #expect(result.opset() == 13 && result.irVersion == 7)
        #expect(result.graph.inputs.map { result.graph[$0].name } == ["x"])
        #expect(try relativeDifference(model("Relu"), result) == 0)
    }

    @Test func laterModelsStayAsTheyAre() throws {
        var result = try model("Relu")
        result.setOpset(17)
        #expect(try OpsetUpgrade.upgrade(&result, to: 13).isEmpty)
        #expect(result.opset() == 17 && result.irVersion == 3)
    }

    @Test func unknownOperatorsOfTheDefaultDomainAreNamed() throws {
        var result = try model("Mystery")
        let error = #expect(throws: CNNOptError.self) { try OpsetUpgrade.upgrade(&result, to: 13) }
        #expect(error?.exitStatus == 69)
        #expect(error?.description.contains("Mystery") == true)
        result = try model("Mystery")
        #expect(try OpsetUpgrade.upgrade(&result, to: 13, allowsUnknown: true).isEmpty)
        #expect(result.opset() == 13)
    }

    @Test func otherDomainsAreNobodysBusiness() throws {
        var result = try model("Mystery", domain: "other.domain")
        result.setOpset(2, domain: "other.domain")
        #expect(try OpsetUpgrade.upgrade(&result, to: 13).isEmpty)
        #expect(result.opset("other.domain") == 2)
    }

    @Test func modelsWithFunctionsAreRefused() throws {
        var result = try model("Relu")
        result.functions = [Function(body: Graph())]
        let error = #expect(throws: CNNOptError.self) { try OpsetUpgrade.upgrade(&result, to: 13) }
        #expect(error?.exitStatus == 69)
    }
}
