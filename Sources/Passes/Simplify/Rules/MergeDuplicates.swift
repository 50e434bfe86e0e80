import GraphIR
import Operators
import Tensors

/// Removes nodes that compute what an earlier one has computed already: same operator, attributes and inputs, where stored
/// inputs are the same if their elements are.
///
/// One walk in the order of execution, with a table of what has been computed so far (value numbering; B. K. Rosen, M. N. Wegman
/// and F. K. Zadeck, *Global Value Numbers and Redundant Computations*, 1988): users of a removed node use the earlier one
/// when they are reached, so that whole chains are merged at once.
enum MergeDuplicates: RewriteSweep {
    static let name = "repeated computations merged"

    static func run(_ engine: inout RewriteEngine) throws(CNNOptError) {
        var computed: [Int: [NodeID]] = [:]
        var constants = ConstantClasses()
        for id in try engine.graph.topologicalOrder() {
            let node = engine.graph[id]
            guard let definition = engine.facts.definition(id, engine.graph), !definition.traits.contains(.isImpure),
                node.subgraphs.isEmpty,
                node.inputs.contains(where: { $0.map { engine.graph[$0].constant == nil } ?? false })
            else { continue }
            let inputs = node.inputs.map { $0.map { constants.representative($0, engine.graph) } }
            let key = hash(node, inputs)
            let used = node.outputs.indices.filter { port in
                node.outputs[port].map { engine.graph[$0].isGraphOutput || !engine.graph[$0].uses.isEmpty } ?? false
            }
            var twin: NodeID?
            // A name that has to stay keeps its node.
            if used.allSatisfy({ port in node.outputs[port].map(engine.graph.isInner) ?? true }) {
                twin = computed[key]?.first { other in
                    let candidate = engine.graph[other]
                    return isEqual(node, candidate)
                        && candidate.inputs.map { $0.map { constants.representative($0, engine.graph) } } == inputs
                        && used.allSatisfy { candidate.outputs.indices.contains($0) && candidate.outputs[$0] != nil }
                }
            }
            guard let twin else {
                if (computed[key]?.count ?? 0) < ConstantClasses.largestBucket {
                    computed[key, default: []].append(id)
                }
                continue
            }
            var patch = Patch(engine.graph, author: "simplify")
            for port in used {
                guard let old = node.outputs[port], let new = engine.graph[twin].outputs[port] else { continue }
                patch.redirectUses(of: old, to: new)
            }
            patch.removeNode(id)
            guard try engine.apply(Rewriting(patch), of: name, at: id) else { return }
        }
    }

    private static func hash(_ node: Node, _ inputs: [ValueID?]) -> Int {
        var hasher = Hasher()
        hasher.combine(node.operatorName)
        hasher.combine(inputs)
        // Attributes may come in any order.
        hasher.combine(
            node.attributes.reduce(0) { sum, attribute in
                var own = Hasher()
                own.combine(attribute.name)
                attribute.value.combine(into: &own)
                return sum &+ own.finalize()
            }
        )
        return hasher.finalize()
    }

    /// Whether two nodes of equal inputs compute the same.
    private static func isEqual(_ a: Node, _ b: Node) -> Bool {
        a.operatorName == b.operatorName && a.overload == b.overload && a.attributes.count == b.attributes.count
            && a.attributes.allSatisfy { attribute in
                b.attribute(attribute.name).map { attribute.isIdentical(to: $0) } ?? false
            }
    }
}

/// Stored tensors of equal elements, each class by its first member.
private struct ConstantClasses {
    /// Things of one hash that are told apart at most: hashes of a hostile file may collide on purpose.
    static let largestBucket = 64

    private var members: [Int: [ValueID]] = [:]
    private var known: [ValueID: ValueID] = [:]

    /// The value that stands for all stored tensors of these elements; the value itself where it is not stored.
    mutating func representative(_ id: ValueID, _ graph: Graph) -> ValueID {
        if let first = known[id] { return first }
        guard let tensor = graph.constant(id) else { return id }
        let key = tensor.sampledHash()
        let bucket = members[key] ?? []
        let first = bucket.first { graph.constant($0)?.isIdentical(to: tensor) ?? false } ?? id
        if first == id, bucket.count < Self.largestBucket { members[key] = bucket + [id] }
        known[id] = first
        return first
    }
}

extension Attribute.Value {
    fileprivate func combine(into hasher: inout Hasher) {
        switch self {
        case .float(let value): hasher.combine(value.bitPattern)
        case .int(let value): hasher.combine(value)
        case .string(let value): hasher.combine(value)
        case .floats(let values): hasher.combine(values.map(\.bitPattern))
        case .ints(let values): hasher.combine(values)
        case .strings(let values): hasher.combine(values)
        case .tensor(let constant): hasher.combine(constant.data.sampledHash())
        case .graph, .tensors, .graphs, .opaque: break
        }
    }
}

extension Attribute {
    /// Whether both certainly mean the same; graphs and kinds that are carried through unread are never compared.
    fileprivate func isIdentical(to other: Attribute) -> Bool {
        guard reference == other.reference else { return false }
        switch (value, other.value) {
        case (.float(let a), .float(let b)): return a.bitPattern == b.bitPattern
        case (.int(let a), .int(let b)): return a == b
        case (.string(let a), .string(let b)): return a == b
        case (.floats(let a), .floats(let b)): return a.map(\.bitPattern) == b.map(\.bitPattern)
        case (.ints(let a), .ints(let b)): return a == b
        case (.strings(let a), .strings(let b)): return a == b
        case (.tensor(let a), .tensor(let b)): return a.data.isIdentical(to: b.data)
        default: return false
        }
    }
}
