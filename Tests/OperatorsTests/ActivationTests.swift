import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

/// Activations and elementary functions on numbers worked out from their definitions.
@Suite struct ActivationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let type: String
        var attributes: [Attribute] = []
        var opset = 17
        let x: [Float]
        let y: [Float]
        var testDescription: String { type + attributes.map { " \($0.name)" }.joined() }
    }

    static let cases: [Case] = [
        Case(type: "LeakyRelu", x: [-2, 0, 3], y: [-0.02, 0, 3]),
        Case(type: "LeakyRelu", attributes: [Attribute("alpha", Float(0.5))], x: [-2, 3], y: [-1, 3]),
        Case(type: "ThresholdedRelu", x: [-2, 1, 1.5], y: [0, 0, 1.5]),
        Case(type: "Elu", attributes: [Attribute("alpha", Float(2))], x: [-1, 0, 2], y: [-1.2642411, 0, 2]),
        Case(type: "Celu", attributes: [Attribute("alpha", Float(2))], x: [-1, 0, 2], y: [-0.7869387, 0, 2]),
        Case(type: "Selu", x: [-1, 0, 2], y: [-1.1113307, 0, 2.101402]),
        Case(type: "Sigmoid", x: [-200, 0, 2, 200], y: [0, 0.5, 0.8807971, 1]),
        Case(type: "HardSigmoid", x: [-3, 0, 1, 3], y: [0, 0.5, 0.7, 1]),
        Case(type: "HardSwish", x: [-4, -1, 0, 1, 4], y: [0, -1 / 3, 0, 2 / 3, 4]),
        Case(type: "Tanh", x: [-1, 0, 100], y: [-0.7615942, 0, 1]),
        Case(type: "Softplus", x: [-200, 0, 1, 200], y: [0, 0.6931472, 1.3132616, 200]),
        Case(type: "Softsign", x: [-3, 0, 1], y: [-0.75, 0, 0.5]),
        Case(type: "Mish", opset: 18, x: [0, 1, -100], y: [0, 0.8650984, 0]),
        Case(type: "Swish", opset: 24, x: [0, 2], y: [0, 1.7615942]),
        Case(type: "Gelu", opset: 20, x: [-1, 0, 1], y: [-0.15865526, 0, 0.8413447]),
        Case(
            type: "Gelu",
            attributes: [Attribute("approximate", "tanh")],
            opset: 20,
            x: [-1, 0, 1],
            y: [-0.158808, 0, 0.841192]
        ),
        Case(
            type: "Shrink",
            attributes: [Attribute("lambd", Float(1)), Attribute("bias", Float(0.5))],
            x: [-2, -1, 0.5, 2],
            y: [-1.5, 0, 0, 1.5]
        ),
        Case(
            type: "Clip",
            attributes: [Attribute("min", Float(0)), Attribute("max", Float(6))],
            opset: 6,
            x: [-1, 3, 9],
            y: [0, 3, 6]
        ),
        Case(type: "Clip", attributes: [Attribute("max", Float(1))], opset: 10, x: [-7, 3], y: [-7, 1]),
        Case(type: "Exp", x: [0, 1], y: [1, 2.7182817]),
        Case(type: "Log", x: [1, 2.7182817], y: [0, 1]),
        Case(type: "Sqrt", x: [4, 2], y: [2, 1.4142135]),
        Case(type: "Reciprocal", x: [4, -0.5], y: [0.25, -2]),
        Case(type: "Erf", x: [0, 1], y: [0, 0.8427008]),
        Case(type: "Abs", x: [-3, 2], y: [3, 2]),
        Case(type: "Neg", x: [-3, 2], y: [3, -2]),
        Case(type: "Sign", x: [-3, 0, 2], y: [-1, 0, 1]),
        Case(type: "Floor", x: [-1.5, 1.5], y: [-2, 1]),
        Case(type: "Ceil", x: [-1.5, 1.5], y: [-1, 2]),
        Case(type: "Round", x: [0.5, 1.5, 2.5, -0.5, -1.5, 1.2], y: [0, 2, 2, 0, -2, 1]),
        Case(type: "Sin", x: [0, .pi / 2], y: [0, 1]),
        Case(type: "Cos", x: [0, .pi], y: [1, -1]),
        Case(type: "Tan", x: [0, .pi / 4], y: [0, 1]),
        Case(type: "Asin", x: [1], y: [.pi / 2]),
        Case(type: "Acos", x: [-1], y: [.pi]),
        Case(type: "Atan", x: [1], y: [.pi / 4]),
        Case(type: "Sinh", x: [1], y: [1.1752012]),
        Case(type: "Cosh", x: [1], y: [1.5430806]),
        Case(type: "Asinh", x: [1.1752012], y: [1]),
        Case(type: "Acosh", x: [1.5430806], y: [1]),
        Case(type: "Atanh", x: [0.5], y: [0.54930615]),
    ]

    @Test(arguments: cases)
    func floatsMatchTheDefinition(_ test: Case) throws {
        let input = try TensorData(test.x, shape: [1, test.x.count])
        let output = try runOperator(test.type, inputs: [input], attributes: test.attributes, opset: test.opset)[0]
        #expect(output.shape == [1, test.x.count])
        let found = try output.array(of: Float.self)
        for (y, expected) in zip(found, test.y) { #expect(abs(y - expected) <= 2e-6 * max(1, abs(expected))) }
    }

    @Test(arguments: cases.filter { $0.type != "Erf" })
    func doublesAgreeWithFloats(_ test: Case) throws {
        let input = try TensorData(test.x.map(Double.init), shape: [1, test.x.count])
        let output = try runOperator(test.type, inputs: [input], attributes: test.attributes, opset: test.opset)[0]
        for (y, expected) in zip(try output.array(of: Double.self), test.y) {
            #expect(abs(y - Double(expected)) <= 2e-6 * max(1, abs(Double(expected))))
        }
    }

    @Test(arguments: ["Relu", "Clip", "Min", "Max", "Sign", "HardSigmoid", "Sigmoid", "Abs"])
    func notANumberStays(_ type: String) throws {
        let x = try TensorData([Float.nan, 1])
        let bound = try TensorData([Float(0)], shape: [])
        let inputs: [TensorData?] =
            switch type {
            case "Clip": [x, bound]
            case "Min", "Max": [bound, x, bound]
            default: [x]
            }
        #expect(try runOperator(type, inputs: inputs)[0].array(of: Float.self)[0].isNaN)
    }

    @Test func clipTakesBoundsFromInputsAndTheUpperOneWins() throws {
        let x = try TensorData([-5, 0, 5] as [Int8])
        func bound(_ value: Int8) throws -> TensorData { try TensorData([value], shape: []) }
        #expect(
            try runOperator("Clip", inputs: [x, bound(-1), bound(2)])[0].array(of: Int8.self) == [-1, 0, 2]
        )
        #expect(try runOperator("Clip", inputs: [x, nil, bound(2)])[0].array(of: Int8.self) == [-5, 0, 2])
        #expect(try runOperator("Clip", inputs: [x, bound(4), bound(2)])[0].array(of: Int8.self) == [2, 2, 2])
    }

    @Test func clipIsARectifierOnlyFromZeroUp() throws {
        func traits(_ lower: Float, opset: Int) throws -> OperatorTraits {
            let x = try TensorData([Float(1)])
            let model =
                opset < 11
                ? try singleNodeModel("Clip", inputs: [x], attributes: [Attribute("min", lower)], opset: opset)
                : try singleNodeModel(
                    "Clip",
                    inputs: [x, TensorData([lower], shape: [])],
                    constants: [1],
                    opset: opset
                )
            return try siteTraits(model)
        }
        #expect(try traits(0, opset: 6).contains(.isRectifier))
        #expect(try traits(0, opset: 13).contains(.isRectifier))
        #expect(try !traits(-1, opset: 6).contains(.isRectifier))
        #expect(try !traits(-1, opset: 13).contains(.isRectifier))
    }

    @Test(arguments: [(6, [2]), (7, [2, 1, 1])])
    func slopesBelongToChannels(_ opset: Int, _ shape: [Int]) throws {
        let x = try TensorData([-1, -2, -3, -4] as [Float], shape: [1, 2, 1, 2])
        let slope = try TensorData([10, 100] as [Float], shape: shape)
        let y = try runOperator("PRelu", inputs: [x, slope], opset: opset)[0]
        #expect(try y.array(of: Float.self) == [-10, -20, -300, -400])
    }

    private func siteTraits(_ model: Model) throws -> OperatorTraits {
        let facts = try GraphFacts(model)
        let node = try #require(model.graph.topologicalOrder().first)
        let definition = try #require(facts.definition(node, model.graph))
        return try definition.traits(facts.site(node, model.graph))
    }
}
