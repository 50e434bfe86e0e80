import GraphIR
import Operators
import Tensors

/// Makes the sum of a product and one number a column a product with a bias: MatMul → Add, or Gemm → Add, → Gemm.
enum AddIntoProduct: RewriteRule {
    static let name = "sums taken into products"
    static let changesRounding = true

    static func starts(from definition: any Operator.Type) -> Bool { definition.traits.contains(.isSum) }

    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        let sum = place.site.node
        guard place.definition.traits.contains(.isSum), place.site.opset >= 7, sum.inputs.count == 2 else { return nil }
        for port in 0..<2 {
            guard let product = sum.inputs[port], let addend = sum.inputs[1 - port],
                let producer = graph.soleProducer(product), let definition = facts.definition(producer, graph),
                let form = (try? definition.adding(facts.type(addend), facts.site(producer, graph))) ?? nil,
                var node = graph[producer].inForm(form, inputs: graph[producer].inputs + [addend])
            else { continue }
            node.outputs = sum.outputs
            var patch = Patch(graph, author: "simplify")
            patch.replaceNode(place.id, with: node)
            patch.removeNode(producer)
            return Rewriting(
                patch,
                changed: (place.id, "took in \(sum.operatorName) '\(graph.displayName(place.id))'")
            )
        }
        return nil
    }
}
