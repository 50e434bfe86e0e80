import GraphIR
import ONNXFormat
import Tensors

/// Models whose weights lie in a file beside them: the entries that say where.
package enum ExternalDataFuzzing: FuzzTarget {
    package static let name = "external"

    private static let location = "weights.bin"
    private static let weights = [UInt8](repeating: 1, count: 64)

    package static func seeds() throws(CNNOptError) -> [[UInt8]] {
        var model = Model(graph: Graph(name: "seed"))
        model.irVersion = 8
        model.setOpset(13)
        for name in ["a", "b"] {
            try model.graph.addInitializer(Constant(name: name, try TensorData([1, 2, 3, 4] as [Float])))
        }
        // The entries are written by hand: the writer would choose its own file.
        guard let message = WireMessage(try ONNXWriter.bytes(of: model)[...], depth: 0) else { return [] }
        return [external(message).bytes]
    }

    /// Each initialiser's raw data become entries that name the file.
    private static func external(_ message: WireMessage) -> WireMessage {
        var model = message
        for index in model.fields.indices where model.fields[index].number == 7 {
            guard case .message(var graph) = model.fields[index].content else { continue }
            var place = 0
            for index in graph.fields.indices where graph.fields[index].number == 5 {
                guard case .message(var tensor) = graph.fields[index].content else { continue }
                tensor.fields.removeAll { $0.number == 9 }
                for (key, value) in [("location", location), ("offset", "\(16 * place)"), ("length", "16")] {
                    let entry = WireMessage(fields: [
                        WireMessage.Field(number: 1, content: .bytes(Array(key.utf8))),
                        WireMessage.Field(number: 2, content: .bytes(Array(value.utf8))),
                    ])
                    tensor.fields.append(WireMessage.Field(number: 13, content: .message(entry)))
                }
                tensor.fields.append(WireMessage.Field(number: 14, content: .number(1)))
                graph.fields[index].content = .message(tensor)
                place += 1
            }
            model.fields[index].content = .message(graph)
        }
        return model
    }

    private static let words = [
        "..", "/etc/passwd", "../weights.bin", "./weights.bin", "", "location", "offset", "length", "checksum", "-1",
        "18446744073709551616", "9223372036854775807", "1e3", " 16", "0x10", "64", "65", "weights.bin/", "model.onnx",
    ]

    package static func mutated(_ seed: FuzzSeed, _ random: inout SeededGenerator) -> [UInt8] {
        guard let message = seed.message, random.index(below: 8) > 0 else {
            return ByteMutation.apply(to: seed.bytes, &random)
        }
        return WireMutation.apply(to: message, words: words, &random)
    }

    package static func run(_ bytes: [UInt8], folder: String) throws(CNNOptError) {
        _ = try file(location, weights, in: folder)
        let model = try ONNXReader.read(path: try file("model.onnx", bytes, in: folder))
        for id in model.graph.initializers {
            _ = try model.graph.constant(id)?.withBytes { (bytes) throws(CNNOptError) in
                bytes.reduce(0) { $0 &+ Int($1) }
            }
        }
        try ONNXWriter.write(model, to: "\(folder)/written.onnx")
    }
}
