import ArgumentParser
import CNNOpt
import Reports

/// `cnnopt summary`.
struct Summary: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show what is in a model.")

    @Argument(help: "The model.") var model: String
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var shared: SharedOptions

    func run() throws {
        let summary = try shared.perform { try ModelSummary(path: model, options: $0) }
        try Console.result(json ? try JSON.text(summary) : text(summary))
    }

    private func text(_ summary: ModelSummary) -> String {
        func edges(_ edges: [ModelSummary.Edge]) -> String {
            edges.map { "\($0.name) \($0.elementType ?? "?")\(shape($0.shape))" }.joined(separator: ", ")
        }
        let facts = Table(
            columns: [("", .left), ("", .left)],
            rows: [
                ["model", model],
                ["made by", summary.producer ?? "not recorded"],
                [
                    "opset, IR",
                    "\(summary.opset.map(String.init) ?? "?"), \(summary.irVersion.map(String.init) ?? "?")",
                ],
                ["inputs", edges(summary.inputs)],
                ["outputs", edges(summary.outputs)],
                ["nodes", Numbers.grouped(summary.nodes)],
                ["parameters", Numbers.grouped(summary.parameters)],
                ["weights, file", "\(Numbers.bytes(summary.weightBytes)), \(Numbers.bytes(summary.fileBytes))"],
                ["MACs", macs(summary)],
                [
                    "operators",
                    summary.operators.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
                        .joined(separator: ", "),
                ],
            ]
        )
        let shown = shared.verbose ? summary.layers : summary.layers.filter { $0.parameters > 0 || ($0.macs ?? 1) > 0 }
        let layers = Table(
            columns: [
                ("layer", .left), ("operator", .left), ("output", .left), ("parameters", .right), ("MACs", .right),
                ("bits", .right), ("zeros", .right),
            ],
            rows: shown.map { layer in
                [
                    layer.name, layer.operator, shape(layer.outputShape), Numbers.grouped(layer.parameters),
                    layer.macs.map(Numbers.grouped) ?? "?", layer.weightBits.map(String.init) ?? "",
                    layer.sparsity.map { Numbers.fixed(100 * $0, digits: 1) + " %" } ?? "",
                ]
            }
        )
        return facts.lines(separator: "  ") + "\n\n" + layers.text
    }

    private func macs(_ summary: ModelSummary) -> String {
        guard let macs = summary.macs else { return "unknown: not all shapes are known; --input-shape may help" }
        var text = Numbers.grouped(macs)
        let assumed = summary.assumedShapes.sorted { $0.key < $1.key }.map { name, sizes in
            "\(name) [\(sizes.map(String.init).joined(separator: ","))]"
        }
        if !assumed.isEmpty { text += " with \(assumed.joined(separator: ", "))" }
        if summary.unknownNodes > 0 {
            text += ", without \(summary.unknownNodes) nodes of operators that this build does not know"
        }
        return text
    }

    private func shape(_ shape: [ModelSummary.Dimension]?) -> String {
        guard let shape else { return "[…]" }
        return "[" + shape.map { $0.size.map(String.init) ?? $0.symbol ?? "?" }.joined(separator: ",") + "]"
    }
}
