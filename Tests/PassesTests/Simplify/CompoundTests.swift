import GraphIR
import Passes
import TestSupport
import Tensors
import Testing

/// How exporters spell an operator out: nodes from `x` to `y`, with constants of their own.
struct Spelling: Sendable, CustomTestStringConvertible {
    let becomes: String
    let opset: Int
    let nodes: [(type: String, inputs: [String], output: String, attributes: [Attribute])]
    var shape: [Int?] = [nil, 3, 4]
    let testDescription: String

    init(_ becomes: String, _ opset: Int, _ text: String, attributes: [String: [Attribute]] = [:]) {
        self.becomes = becomes
        self.opset = opset
        testDescription = "\(becomes): \(text)"
        nodes = text.split(separator: ";").map { line in
            let words = line.split(separator: " ").map(String.init)
            return (words[2], Array(words.dropFirst(3)), words[0], attributes[words[0]] ?? [])
        }
    }

    /// Inputs that are numbers become stored scalars; `scale` and `bias` are stored vectors.
    func builder(graphOutputs: [String] = ["y"]) throws -> ModelBuilder {
        var builder = ModelBuilder(opset: opset)
        try builder.input("x", shape)
        try builder.constant("scale", .random([4], seed: 5))
        try builder.constant("bias", .random([4], seed: 6))
        var stored: Set<String> = []
        for input in nodes.flatMap(\.inputs) {
            guard let number = Float(input), stored.insert(input).inserted else { continue }
            try builder.constant(input, TensorData([number], shape: []))
        }
        try builder.constant("last", .integers([-1]))
        for node in nodes { try builder.node(node.type, node.inputs, [node.output], node.attributes) }
        for name in graphOutputs { try builder.output(name) }
        return builder
    }
}

private let hardSwishes = [
    Spelling("HardSwish", 14, "a = Add x 3;b = Clip a 0 6;c = Mul x b;y = Div c 6"),
    Spelling("HardSwish", 14, "a = Add 3 x;b = Clip a 0 6;c = Div b 6;y = Mul c x"),
    Spelling("HardSwish", 17, "a = Add x 3;b = Clip a 0 6;c = Mul b 0.16666667;y = Mul x c"),
    Spelling("HardSwish", 17, "a = Add x 3;b = Clip a 0 6;c = Mul 0.16666667 x;y = Mul b c"),
    Spelling(
        "HardSwish",
        17,
        "a = HardSigmoid x;y = Mul x a",
        attributes: ["a": [Attribute("alpha", Float(1) / 6), Attribute("beta", Float(0.5))]]
    ),
    Spelling("HardSigmoid", 13, "a = Add x 3;b = Clip a 0 6;y = Div b 6"),
    Spelling("HardSigmoid", 13, "a = Mul x 0.2;b = Add a 0.5;y = Clip b 0 1"),
    Spelling("HardSigmoid", 13, "a = Clip x 0 4;y = Mul a 0.25"),
    Spelling(
        "HardSigmoid",
        9,
        "a = Sub x -3;b = Clip a;y = Div b 6",
        attributes: ["b": [Attribute("min", Float(0)), Attribute("max", Float(6))]]
    ),
]

private let gelus = [
    Spelling("Gelu", 20, "a = Div x 1.4142135;b = Erf a;c = Add b 1;d = Mul x c;y = Mul d 0.5"),
    Spelling("Gelu", 20, "a = Mul x 0.70710677;b = Erf a;c = Add 1 b;d = Mul 0.5 x;y = Mul d c"),
    Spelling("Gelu", 20, "a = Mul x 0.70710677;b = Erf a;c = Add 1 b;d = Mul c 0.5;y = Mul d x"),
    Spelling(
        "Gelu",
        20,
        "a = Pow x 3;b = Mul a 0.044715;c = Add x b;d = Mul c 0.7978846;e = Tanh d;f = Add e 1;g = Mul x f;y = Mul g 0.5"
    ),
    Spelling(
        "Gelu",
        20,
        "s = Mul x x;a = Mul s x;b = Mul 0.044715 a;c = Add b x;d = Mul 0.7978846 c;e = Tanh d;f = Add 1 e;"
            + "g = Mul 0.5 x;y = Mul g f"
    ),
    Spelling("Mish", 18, "a = Softplus x;b = Tanh a;y = Mul x b"),
    Spelling("Mish", 18, "a = Exp x;b = Add 1 a;c = Log b;d = Tanh c;y = Mul d x"),
    Spelling("Softplus", 13, "a = Exp x;b = Add a 1;y = Log b"),
    Spelling("Softsign", 13, "a = Abs x;b = Add a 1;y = Div x b"),
    Spelling("Swish", 24, "a = Sigmoid x;y = Mul a x"),
    Spelling("Swish", 24, "b = Mul x 1.702;a = Sigmoid b;y = Mul x a"),
]

private let last = [Attribute("axes", [-1])]
private let normalisations = [
    Spelling(
        "LayerNormalization",
        17,
        "m = ReduceMean x;d = Sub x m;p = Pow d 2;v = ReduceMean p;e = Add v 0.00001;s = Sqrt e;n = Div d s;"
            + "w = Mul n scale;y = Add w bias",
        attributes: ["m": last, "v": last]
    ),
    Spelling(
        "LayerNormalization",
        18,
        "m = ReduceMean x last;d = Sub x m;p = Mul d d;v = ReduceMean p last;e = Add 0.001 v;s = Sqrt e;n = Div d s;"
            + "w = Mul scale n;y = Add bias w"
    ),
    Spelling(
        "RMSNormalization",
        23,
        "p = Pow x 2;v = ReduceMean p last;e = Add v 0.00001;s = Sqrt e;n = Div x s;y = Mul n scale"
    ),
    Spelling(
        "RMSNormalization",
        23,
        "p = Mul x x;v = ReduceMean p last;e = Add v 0.00001;s = Sqrt e;r = Reciprocal s;n = Mul x r;y = Mul scale n"
    ),
]

@Suite struct CompoundTests {
    @Test(arguments: hardSwishes + gelus + normalisations)
    func speltOutOperatorsAreRecognised(_ spelling: Spelling) throws {
        let (model, report) = try simplified(spelling.builder().model, within: 1e-5)
        #expect(model.graph.operatorTypes == [spelling.becomes])
        #expect(report.layers.last?.name == "y_node")
    }

    @Test(arguments: hardSwishes + gelus + normalisations)
    func whatIsUsedElsewhereStays(_ spelling: Spelling) throws {
        // The value right before the last is an output of the graph too.
        guard let inner = spelling.nodes.dropLast().last?.output else { return }
        let model = try simplified(spelling.builder(graphOutputs: [inner, "y"]).model, within: 1e-5).model
        #expect(model.graph.operatorTypes != [spelling.becomes])
        #expect(model.graph.value(named: inner).map { model.graph[$0].isGraphOutput } == true)
    }

    @Test(arguments: [
        Spelling("Gelu", 19, "a = Div x 1.4142135;b = Erf a;c = Add b 1;d = Mul x c;y = Mul d 0.5"),
        Spelling("Gelu", 20, "a = Div x 1.4142;b = Erf a;c = Add b 1;d = Mul x c;y = Mul d 0.5"),
        Spelling("Gelu", 20, "a = Div x 1.4142135;b = Erf a;c = Add b 1;d = Mul a c;y = Mul d 0.5"),
        Spelling("Mish", 17, "a = Softplus x;b = Tanh a;y = Mul x b"),
        Spelling("HardSwish", 13, "a = HardSigmoid x;y = Mul x a"),
        Spelling("HardSwish", 17, "a = HardSigmoid x;y = Mul x a"),
        Spelling("HardSigmoid", 17, "a = Add x 3;b = Clip a 0 6;y = Div b 5"),
        Spelling("HardSigmoid", 17, "a = Add x 3;b = Clip a 1 6;y = Div b 6"),
        Spelling("Softplus", 17, "a = Exp x;b = Add a 2;y = Log b"),
        Spelling("Swish", 23, "a = Sigmoid x;y = Mul a x"),
        Spelling(
            "LayerNormalization",
            17,
            "m = ReduceMean x;d = Sub x m;p = Pow d 2;v = ReduceMean p;e = Add v 0.00001;s = Sqrt e;n = Div d s;"
                + "w = Mul n scale;y = Add w bias",
            attributes: ["m": [Attribute("axes", [1])], "v": last]
        ),
        Spelling(
            "LayerNormalization",
            17,
            "m = ReduceMean x;d = Sub x m;p = Pow d 3;v = ReduceMean p;e = Add v 2;s = Sqrt e;n = Div d s;"
                + "w = Mul n scale;y = Add w bias",
            attributes: ["m": last, "v": last]
        ),
    ])
    func whatOnlyLooksAlikeStays(_ spelling: Spelling) throws {
        let model = try simplified(spelling.builder().model, within: 1e-6).model
        #expect(!model.graph.operatorTypes.contains(spelling.becomes))
    }

    @Test func halvesStay() throws {
        var builder = ModelBuilder(opset: 18)
        try builder.input("x", [2, 3], .float16)
        try builder.node("Softplus", ["x"], ["a"])
        try builder.node("Tanh", ["a"], ["b"])
        try builder.node("Mul", ["x", "b"], ["y"])
        try builder.output("y")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["Softplus", "Tanh", "Mul"])
    }

    @Test func parametersOfOtherShapesStay() throws {
        var builder = ModelBuilder(opset: 23)
        try builder.input("x", [2, 3, 4])
        try builder.constant("scale", .random([3, 1], seed: 1))
        try builder.constant("last", .integers([-1]))
        try builder.constant("two", TensorData([2 as Float], shape: []))
        try builder.constant("small", TensorData([1e-5 as Float], shape: []))
        try builder.node("Pow", ["x", "two"], ["p"])
        try builder.node("ReduceMean", ["p", "last"], ["v"])
        try builder.node("Add", ["v", "small"], ["e"])
        try builder.node("Sqrt", ["e"], ["s"])
        try builder.node("Div", ["x", "s"], ["n"])
        try builder.node("Mul", ["n", "scale"], ["y"])
        try builder.output("y")
        #expect(try !simplified(builder.model).model.graph.operatorTypes.contains("RMSNormalization"))
    }
}
