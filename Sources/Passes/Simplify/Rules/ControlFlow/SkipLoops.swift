import GraphIR
import Operators
import Tensors

/// Removes a loop that certainly makes no trip: a trip count of 0, or a condition that is stored as false.
///
/// Loop(0, true, a) → y becomes a → Identity → y; collected outputs are tensors without elements.
enum SkipLoops: RewriteRule {
    static let name = "loops without trips removed"

    static func starts(from definition: any Operator.Type) -> Bool { definition is any LoopingOperator.Type }

    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        guard let definition = place.definition as? any LoopingOperator.Type,
            let results = (try? definition.outputsWithoutTrips(place.site)) ?? nil
        else { return nil }
        var patch = Patch(graph, author: "simplify")
        for (port, result) in results.enumerated() {
            guard let result, let output = place.site.node.outputs[port] else { continue }
            switch result {
            case .input(let port):
                guard place.site.node.inputs.indices.contains(port), let input = place.site.node.inputs[port] else {
                    return nil
                }
                patch.addNode(Node("Identity", inputs: [input], outputs: [output]), after: place.id)
            case .stored(let data):
                // An output of the graph has to come from a node.
                guard !graph[output].isGraphOutput else { return nil }
                patch.setConstant(output, data)
            }
        }
        patch.removeNode(place.id)
        return Rewriting(patch)
    }
}
