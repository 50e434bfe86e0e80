import GraphIR
import Operators
import Tensors

/// Says by a plainer operator what a node computes: ReduceMean over all spatial axes, or AveragePool under one window as
/// large as its input → GlobalAveragePool.
enum UsePlainForms: RewriteRule {
    static let name = "said by plainer operators"
    static let changesRounding = true

    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        guard let form = (try? place.definition.plainForm(place.site)) ?? nil, graph.hasOneOutput(place.id),
            let node = graph[place.id].inForm(form, inputs: graph[place.id].inputs)
        else { return nil }
        var patch = Patch(graph, author: "simplify")
        patch.replaceNode(place.id, with: node)
        return Rewriting(patch, changed: (place.id, "was \(place.definition.schema.name)"))
    }
}
