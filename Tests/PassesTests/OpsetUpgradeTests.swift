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

    /// The model of one call of a function that is written for an old operator set.
    private func call(_ function: Function) throws -> Model {
        var builder = ModelBuilder(opset: 11)
        try builder.input("x", [2, 3, 4])
        try builder.node("f", ["x"], ["y"], domain: "local")
        try builder.output("y")
        var result = builder.model
        result.functions = [function]
        result.setOpset(1, domain: "local")
        return result
    }

    @Test func functionsAreConvertedToo() throws {
        let before = try call(
            localFunction("f", inputs: ["a"], opset: 11) { (body) throws(CNNOptError) in
                try body.node("ReduceSum", ["a"], ["s"], [Attribute("axes", [1])])
                try body.node("Unsqueeze", ["s"], ["u"], [Attribute("axes", [0])])
                try body.output("u")
            }
        )
        var after = before
        #expect(try OpsetUpgrade.upgrade(&after, to: 13).map(\.operatorName) == ["ReduceSum", "Unsqueeze"])
        #expect(after.functions[0].opsetImports.map(\.version) == [13])
        // A function has no initialisers.
        #expect(after.functions[0].body.initializers.isEmpty)
        #expect(after.functions[0].body.operatorTypes.sorted() == ["Constant", "Constant", "ReduceSum", "Unsqueeze"])
        #expect(try relativeDifference(before, after) == 0)
    }

    @Test func functionsThatSayTooLittleAreRefused() throws {
        // The bounds' element type is that of an input, which a function does not say.
        var result = try call(
            localFunction("f", inputs: ["a"], opset: 10) { (body) throws(CNNOptError) in
                try body.node("Clip", ["a"], ["b"], [Attribute("min", Float(0))])
                try body.output("b")
            }
        )
        let error = #expect(throws: CNNOptError.self) { try OpsetUpgrade.upgrade(&result, to: 13) }
        #expect(error?.exitStatus == 69)
    }

    @Test func aTrainingNormalisationHasNoLaterForm() throws {
        var builder = ModelBuilder(opset: 9)
        try builder.input("x", [2, 3, 4])
        for (seed, name) in ["s", "b", "m", "v"].enumerated() {
            try builder.constant(name, .random([3], seed: UInt64(seed), in: 0.5...1))
        }
        try builder.node("BatchNormalization", ["x", "s", "b", "m", "v"], ["y", "mean", "variance"])
        for name in ["y", "mean"] { try builder.output(name) }
        var result = builder.model
        let error = #expect(throws: CNNOptError.self) { try OpsetUpgrade.upgrade(&result, to: 14) }
        #expect(error?.exitStatus == 69)
    }
}
