import Execution
import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

/// One operator on given tensors, for tests that shrink its axes.
struct OperatorCase: Sendable, CustomTestStringConvertible {
    var type: String
    var inputs: [TensorData?]
    /// Ports whose tensors are stored in the model.
    var constants: Set<Int> = []
    var attributes: [Attribute] = []
    var outputCount = 1
    var opset = 17

    var testDescription: String {
        "\(type)-\(opset) " + inputs.map { $0.map { "\($0.shape)" } ?? "–" }.joined(separator: " ")
            + attributes.map { " \($0.name)" }.joined()
    }

    func run() throws -> [TensorData] {
        try runOperator(
            type,
            inputs: inputs,
            constants: constants,
            attributes: attributes,
            outputCount: outputCount,
            opset: opset
        )
    }

    /// The definition and all that is known of the node.
    func site() throws -> (definition: any Operator.Type, site: OperatorSite) {
        let model = try singleNodeModel(
            type,
            inputs: inputs,
            constants: constants,
            attributes: attributes,
            outputCount: outputCount,
            opset: opset
        )
        let facts = try GraphFacts(model)
        let id = try #require(Array(model.graph.nodeIDs).first)
        return (try #require(facts.definition(id, model.graph)), facts.site(id, model.graph))
    }
}

/// The law of coupling: a node whose axes shrink together, as its links say, computes what is left of its outputs.
enum OperatorNarrowing {
    typealias Axis = ChannelCoupling.Axis

    /// Checks the law for every channel of every link, of every alternative, and of every free axis.
    /// - Returns: how many removals were tried.
    static func check(_ item: OperatorCase) throws -> Int {
        let (definition, site) = try item.site()
        let coupling = try definition.coupling(site)
        let full = try item.run()
        var tried = 0
        for axis in coupling.free {
            if case .output = axis.port {
                try check(item, definition, site, full, [axis: [0]])
                tried += 1
            }
        }
        let alternatives = coupling.choices.flatMap { $0 }.map { coupling.links + [$0] }
        for links in [coupling.links] + alternatives {
            let seeds = links.count == coupling.links.count ? links : [links[links.count - 1]]
            for seed in seeds where seed.count > 1 {
                for channel in 0..<seed.count {
                    try check(item, definition, site, full, closure([seed.from: [channel]], links))
                    tried += 1
                }
            }
        }
        return tried
    }

    /// All indices that go with the removed ones.
    private static func closure(_ removed: [Axis: Set<Int>], _ links: [ChannelCoupling.Link]) -> [Axis: Set<Int>] {
        var removed = removed
        var isStable = false
        while !isStable {
            isStable = true
            for link in links {
                for channel in 0..<link.count {
                    let others = Set(link.indices(of: channel))
                    let isHit =
                        removed[link.from]?.contains(channel) ?? false
                        || !(removed[link.to]?.isDisjoint(with: others) ?? true)
                    let isDone =
                        removed[link.from]?.contains(channel) ?? false
                        && removed[link.to]?.isSuperset(of: others) ?? false
                    guard isHit, !isDone else { continue }
                    removed[link.from, default: []].insert(channel)
                    removed[link.to, default: []].formUnion(others)
                    isStable = false
                }
            }
        }
        return removed
    }

    private static func check(
        _ item: OperatorCase,
        _ definition: any Operator.Type,
        _ site: OperatorSite,
        _ full: [TensorData],
        _ removed: [Axis: Set<Int>]
    ) throws {
        var kept: [Axis: [Int]] = [:]
        for (axis, gone) in removed {
            let shape: [Int]
            switch axis.port {
            case .input(let port): shape = try #require(item.inputs[port]).shape
            case .output(let port): shape = full[port].shape
            }
            kept[axis] = (0..<shape[axis.axis]).filter { !gone.contains($0) }
        }
        var narrow = item
        for (axis, indices) in kept {
            guard case .input(let port) = axis.port, let tensor = narrow.inputs[port] else { continue }
            narrow.inputs[port] = try take(tensor, axis.axis, indices)
        }
        let edit = try definition.narrowed(site, ChannelSelection(kept: kept))
        narrow.attributes.removeAll { edit.removedAttributes.contains($0.name) }
        for attribute in edit.attributes {
            narrow.attributes.removeAll { $0.name == attribute.name }
            narrow.attributes.append(attribute)
        }
        for (port, tensor) in edit.constants {
            while narrow.inputs.count <= port { narrow.inputs.append(nil) }
            narrow.inputs[port] = tensor
            narrow.constants.insert(port)
        }
        let results = try narrow.run()
        for (port, output) in full.enumerated() {
            var wanted = output
            for axis in output.shape.indices {
                if let indices = kept[Axis(.output(port), axis)] { wanted = try take(wanted, axis, indices) }
            }
            #expect(results[port].shape == wanted.shape, "\(item.testDescription) without \(removed)")
            #expect(results[port].isIdentical(to: wanted), "\(item.testDescription) without \(removed)")
        }
    }

    /// The listed entries along one axis, element by element.
    static func take(_ tensor: TensorData, _ axis: Int, _ indices: [Int]) throws -> TensorData {
        var shape = tensor.shape
        let inner = shape[(axis + 1)...].reduce(1, *)
        let outer = shape[..<axis].reduce(1, *)
        let size = shape[axis]
        shape[axis] = indices.count
        func picked<T: TensorScalar>(_ all: [T]) throws -> TensorData {
            var result: [T] = []
            for o in 0..<outer {
                for k in indices { for i in 0..<inner { result.append(all[(o * size + k) * inner + i]) } }
            }
            return try TensorData(result, shape: shape)
        }
        if tensor.elementType == .int64 { return try picked(tensor.array(of: Int64.self)) }
        if tensor.elementType == .bool {
            let bytes = try picked(tensor.array(of: UInt8.self))
            return try TensorData.make(UInt8.self, as: .bool, shape: shape) { (target) throws(CNNOptError) in
                for (i, byte) in try bytes.array(of: UInt8.self).enumerated() { target[i] = byte }
            }
        }
        return try picked(tensor.array(of: Float.self))
    }
}
