import Execution
import GraphIR
import ONNXFormat
import Operators
import Passes
import Tensors

/// Models: the reader, shape inference, every question that an operator is asked, the executor, simplify, the conversion to a later operator set, and
/// the writer.
package enum ModelFuzzing: FuzzTarget {
    package static let name = "model"
    package static let fileEnding: String? = ".onnx"

    package static func seeds() throws(CNNOptError) -> [[UInt8]] {
        var result: [[UInt8]] = []
        for model in try SeedModels.all() { result.append(try ONNXWriter.bytes(of: model)) }
        return result
    }

    private static let words = OperatorRegistry.standard.operators.keys.map(\.type).sorted()

    package static func mutated(_ seed: FuzzSeed, _ random: inout SeededGenerator) -> [UInt8] {
        guard let message = seed.message, random.index(below: 4) > 0 else {
            return ByteMutation.apply(to: seed.bytes, &random)
        }
        return WireMutation.apply(to: message, words: words, &random)
    }

    package static func run(_ bytes: [UInt8], folder: String) throws(CNNOptError) {
        let model = try ONNXReader.read(bytes: bytes, name: "fuzzed")
        _ = try ONNXWriter.bytes(of: model)
        try infer(model)
        // Loops may run up to their limit: once is enough for a case.
        try execute(model, bytes.count.isMultiple(of: 2) ? .onednn : .reference)
        try transform(model)
    }

    /// Everything that a site can be asked.
    private static func infer(_ model: Model) throws(CNNOptError) {
        let facts = try GraphFacts(model)
        for id in model.graph.nodeIDs {
            guard let definition = facts.definition(id, model.graph) else { continue }
            let site = facts.site(id, model.graph)
            try tolerate { () throws(CNNOptError) in _ = try definition.coupling(site) }
            try tolerate { () throws(CNNOptError) in _ = try definition.cost(site) }
            try tolerate { () throws(CNNOptError) in _ = try definition.linearForm(site) }
            try tolerate { () throws(CNNOptError) in _ = try definition.channelAffine(site) }
            try tolerate { () throws(CNNOptError) in _ = try definition.traits(site) }
            try tolerate { () throws(CNNOptError) in _ = try definition.zeroPadding(site) }
        }
    }

    /// The largest models that are run: hours of arithmetic are no fault of a file.
    private static let largestCost = 1 << 22
    private static let largestInput = 1 << 16

    private static func execute(_ model: Model, _ backend: Backend) throws(CNNOptError) {
        var feeds: [ValueID: [Int]] = [:]
        for id in model.graph.feeds {
            guard let shape = model.graph[id].type?.tensor?.shape else { return }
            let sizes = shape.map { $0.size ?? 2 }
            guard let count = checkedProduct(sizes), count <= largestInput else { return }
            feeds[id] = sizes
        }
        let facts = try GraphFacts(model, inputShapes: feeds)
        var cost = 0
        for id in model.graph.nodeIDs {
            let site = facts.site(id, model.graph)
            cost += min((try facts.definition(id, model.graph)?.cost(site))??.macs ?? 0, largestCost + 1)
            for case let type? in site.outputTypes {
                cost += type.sizes.flatMap { checkedProduct($0) }.map { min($0, largestCost + 1) } ?? 0
            }
            guard cost <= largestCost else { return }
        }
        var inputs: [ValueID: TensorData] = [:]
        for (id, sizes) in feeds {
            guard let type = model.graph[id].type?.tensor?.elementType else { return }
            inputs[id] = try TensorData(zeros: type, shape: sizes)
        }
        _ = try Engine(model, backend: backend).run(inputs, threads: 1)
    }

    private static func transform(_ model: Model) throws(CNNOptError) {
        try tolerate { () throws(CNNOptError) in
            var later = model
            _ = try OpsetUpgrade.upgrade(&later, to: 21, allowsUnknown: true)
        }
        try tolerate { () throws(CNNOptError) in
            var simpler = model
            _ = try SimplifyPass().run(&simpler, PassContext())
            _ = try ONNXWriter.bytes(of: simpler)
        }
    }

    private static func tolerate(_ body: () throws(CNNOptError) -> Void) throws(CNNOptError) {
        do throws(CNNOptError) { try body() } catch  where error.code != .internalFault {}
    }
}
