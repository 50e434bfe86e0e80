import GraphIR
import Operators
import Tensors

/// Lets a product read a matrix as it was before a Transpose: Transpose → Gemm → Gemm with transA or transB.
enum TransposeIntoProduct: RewriteRule {
    static let name = "transposes taken into products"
    static let changesRounding = true

    static func starts(from definition: any Operator.Type) -> Bool { definition.traits.contains(.isLinear) }

    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        for (port, input) in place.site.node.inputs.enumerated() {
            guard let input, let producer = graph.soleProducer(input),
                let definition = facts.definition(producer, graph), definition.traits.contains(.movesData),
                case .transposition([1, 0])? = (try? definition.computation(facts.site(producer, graph))) ?? nil,
                let source = graph[producer].inputs.first ?? nil,
                let form = (try? place.definition.swappingAxes(ofInput: port, place.site)) ?? nil
            else { continue }
            var inputs = graph[place.id].inputs
            inputs[port] = source
            guard let node = graph[place.id].inForm(form, inputs: inputs) else { continue }
            let text = "took in \(graph[producer].operatorName) '\(graph.displayName(producer))'"
            var patch = Patch(graph, author: "simplify")
            patch.replaceNode(place.id, with: node)
            patch.removeNode(producer)
            return Rewriting(patch, changed: (place.id, text))
        }
        return nil
    }
}
