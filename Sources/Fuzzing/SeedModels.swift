import GraphIR
import Tensors

/// Small sound models that between them use what the reader, inference and the executor know.
enum SeedModels {
    static func all() throws(CNNOptError) -> [Model] {
        [try residualNetwork(), try shapeArithmetic(), try quantized(), try branches(), try everyElementType()]
    }

    private static func model(opset: Int, _ build: (inout Graph) throws(CNNOptError) -> Void) throws(CNNOptError)
        -> Model
    {
        var graph = Graph(name: "seed")
        try build(&graph)
        var model = Model(graph: graph)
        model.irVersion = 8
        model.setOpset(opset)
        return model
    }

    private static func residualNetwork() throws(CNNOptError) -> Model {
        try model(opset: 13) { (graph) throws(CNNOptError) in
            try graph.addInput("x", type: .tensor(TensorType(.float32, [.symbol("N"), 3, 8, 8])))
            try graph.store("w1", try floats([4, 3, 3, 3]))
            try graph.store("w2", try floats([4, 1, 3, 3]))
            try graph.store("scale", try floats([4]))
            try graph.store("fc", try floats([5, 4]))
            let padded = Attribute("pads", [1, 1, 1, 1])
            try graph.node("Conv", ["x", "w1"], "c1", [padded, Attribute("strides", [2, 2])])
            try graph.node(
                "BatchNormalization",
                ["c1", "scale", "scale", "scale", "scale"],
                "b1",
                [Attribute("epsilon", Float(1))]
            )
            try graph.node("Relu", ["b1"], "r1")
            try graph.node("Conv", ["r1", "w2"], "c2", [padded, Attribute("group", 4)])
            try graph.node("Add", ["c2", "r1"], "a")
            try graph.node("MaxPool", ["a"], "m", [Attribute("kernel_shape", [2, 2]), Attribute("strides", [2, 2])])
            try graph.node("GlobalAveragePool", ["m"], "g")
            try graph.node("Flatten", ["g"], "f")
            try graph.node("Gemm", ["f", "fc"], "y", [Attribute("transB", 1)])
            try graph.addOutput("y", type: .tensor(TensorType(.float32, [.symbol("N"), 5])))
        }
    }

    private static func shapeArithmetic() throws(CNNOptError) -> Model {
        try model(opset: 13) { (graph) throws(CNNOptError) in
            try graph.addInput("x", type: .tensor(TensorType(.float32, [2, 4, 6])))
            try graph.store("zero", try TensorData([0 as Int64]))
            try graph.store("rest", try TensorData([-1 as Int64]))
            try graph.store("starts", try TensorData([1 as Int64]))
            try graph.store("ends", try TensorData([3 as Int64]))
            try graph.store("pads", try TensorData([0, 1, 0, 1] as [Int64]))
            try graph.store("repeats", try TensorData([1, 2] as [Int64]))
            try graph.node("Shape", ["x"], "shape")
            try graph.node("Gather", ["shape", "zero"], "batch")
            try graph.node("Concat", ["batch", "rest"], "target", [Attribute("axis", 0)])
            try graph.node("Reshape", ["x", "target"], "flat")
            try graph.node("Slice", ["flat", "starts", "ends", "starts"], "part")
            try graph.node("Pad", ["part", "pads"], "padded")
            try graph.node("Tile", ["padded", "repeats"], "tiled")
            try graph.node("Transpose", ["tiled"], "turned", [Attribute("perm", [1, 0])])
            try graph.node("ReduceSum", ["turned", "zero"], "sum")
            try graph.node("Expand", ["sum", "starts"], "wide")
            try graph.node("Softmax", ["turned"], "soft", [Attribute("axis", -1)])
            try graph.node("Cast", ["soft"], "y", [Attribute("to", 10)])
            try graph.addOutput("y", type: nil)
            try graph.addOutput("sum", type: nil)
        }
    }

    private static func quantized() throws(CNNOptError) -> Model {
        try model(opset: 13) { (graph) throws(CNNOptError) in
            try graph.addInput("x", type: .tensor(TensorType(.float32, [1, 2, 4, 4])))
            try graph.store("s", try TensorData([0.1 as Float], shape: []))
            try graph.store("z", try TensorData([128 as UInt8], shape: []))
            try graph.store("w", try TensorData((0..<16).map { Int8($0 - 8) }, shape: [2, 2, 2, 2]))
            try graph.store("ws", try floats([2]))
            try graph.store("wz", try TensorData(zeros: .int8, shape: [2]))
            try graph.node("QuantizeLinear", ["x", "s", "z"], "q")
            try graph.node("DequantizeLinear", ["q", "s", "z"], "d")
            try graph.node("DequantizeLinear", ["w", "ws", "wz"], "dw", [Attribute("axis", 0)])
            try graph.node("Conv", ["d", "dw"], "c")
            try graph.node("ConvTranspose", ["c", "dw"], "t", [Attribute("strides", [2, 2])])
            try graph.node("Resize", ["t", "", "", "sizes"], "y", [Attribute("mode", "linear")])
            try graph.store("sizes", try TensorData([1, 2, 5, 7] as [Int64]))
            try graph.addOutput("y", type: nil)
        }
    }

    private static func branches() throws(CNNOptError) -> Model {
        var then = Graph(name: "then")
        try then.node("Relu", ["x"], "t")
        try then.addOutput("t", type: nil)
        var other = Graph(name: "else")
        try other.node("Neg", ["x"], "e")
        try other.addOutput("e", type: nil)
        var body = Graph(name: "body")
        try body.addInput("i", type: .tensor(TensorType(.int64, [])))
        try body.addInput("go", type: .tensor(TensorType(.bool, [])))
        try body.addInput("state", type: .tensor(TensorType(.float32, nil)))
        try body.node("Add", ["state", "state"], "next")
        try body.node("Identity", ["go"], "on")
        try body.node("Identity", ["next"], "each")
        for name in ["on", "next", "each"] { try body.addOutput(name, type: nil) }
        return try model(opset: 13) { (graph) throws(CNNOptError) in
            try graph.addInput("x", type: .tensor(TensorType(.float32, [2, 2])))
            try graph.addInput("c", type: .tensor(TensorType(.bool, [])))
            try graph.store("trips", try TensorData([3 as Int64], shape: []))
            try graph.node(
                "If",
                ["c"],
                "b",
                [Attribute("then_branch", .graph(then)), Attribute("else_branch", .graph(other))]
            )
            let loop = Node(
                "Loop",
                inputs: [graph.internValue("trips"), nil, graph.internValue("b")],
                outputs: [graph.internValue("last"), graph.internValue("all")],
                attributes: [Attribute("body", .graph(body))]
            )
            try graph.addNode(loop)
            try graph.addOutput("last", type: nil)
            try graph.addOutput("all", type: nil)
        }
    }

    private static func everyElementType() throws(CNNOptError) -> Model {
        try model(opset: 23) { (graph) throws(CNNOptError) in
            try graph.addInput("x", type: .tensor(TensorType(.float32, [3])))
            for type in ElementType.allCases where ![.string, .complex64, .complex128].contains(type) {
                let name = String(describing: type)
                try graph.store("w_\(name)", try TensorData(zeros: type, shape: [3]))
                try graph.node("Cast", ["w_\(name)"], "y_\(name)", [Attribute("to", 1)])
                try graph.node("CastLike", ["x", "w_\(name)"], "z_\(name)")
                try graph.addOutput("y_\(name)", type: nil)
            }
        }
    }

    private static func floats(_ shape: [Int]) throws(CNNOptError) -> TensorData {
        let values = (0..<shape.reduce(1, *)).map { Float(($0 * 7 + 3) % 11) / 8 }
        return try TensorData(values, shape: shape)
    }
}

extension Graph {
    fileprivate mutating func store(_ name: String, _ data: TensorData) throws(CNNOptError) {
        try addInitializer(Constant(name: name, data))
    }

    fileprivate mutating func node(
        _ type: String,
        _ inputs: [String],
        _ output: String,
        _ attributes: [Attribute] = []
    ) throws(CNNOptError) {
        try addNode(
            Node(
                type,
                inputs: inputs.map { $0.isEmpty ? nil : internValue($0) },
                outputs: [internValue(output)],
                attributes: attributes
            )
        )
    }
}
