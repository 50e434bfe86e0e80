import GraphIR
import Operators
import Tensors

/// x → Expand or Tile → an operator that broadcasts becomes x → the operator, where broadcasting does the same.
enum DropExpansions: RewriteRule {
    static let name = "expansions left to broadcasting"

    static func starts(from definition: any Operator.Type) -> Bool { definition.traits.contains(.broadcasts) }

    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        let site = place.site
        guard site.opset >= 8, let output = site.outputType(0).shape, !output.contains(.unknown) else { return nil }
        for (port, input) in site.node.inputs.enumerated() {
            guard let input, let producer = graph[input].producer,
                facts.definition(producer.node, graph)?.traits.contains(.repeats) == true,
                let source = graph[producer.node].inputs.first ?? nil, let small = facts.type(source).shape,
                let large = facts.type(input).shape, repeatsAxesOfOne(small, large)
            else { continue }
            var shapes = site.inputs.map { $0?.type.shape }
            shapes[port] = small
            guard (try? Broadcasting.shape(shapes)) == output, surely(shapes, make: output) else { continue }
            var node = site.node
            node.inputs[port] = source
            var patch = Patch(graph, author: "simplify")
            patch.replaceNode(place.id, with: node)
            if graph.isInner(input), graph[input].uses.count == 1 { patch.removeNode(producer.node) }
            return Rewriting(patch)
        }
        return nil
    }

    /// Whether each axis is the same in both shapes, or is repeated from size 1. A Tile may repeat longer axes.
    private static func repeatsAxesOfOne(_ small: Shape, _ large: Shape) -> Bool {
        let offset = large.count - small.count
        guard offset >= 0 else { return false }
        return small.indices.allSatisfy { axis in
            small[axis] == .known(1) || small[axis] != .unknown && small[axis] == large[offset + axis]
        }
    }

    /// Whether each output axis has its size from an input that surely has it: of unlike symbols nothing is known.
    private static func surely(_ shapes: [Shape?], make output: Shape) -> Bool {
        output.indices.allSatisfy { axis in
            shapes.contains { shape in
                guard let shape, axis >= output.count - shape.count else { return output[axis] == .known(1) }
                return shape[axis - (output.count - shape.count)] == output[axis]
            }
        }
    }
}
