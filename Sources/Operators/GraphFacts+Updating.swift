import GraphIR
import Tensors

/// Keeping facts while a graph is edited.
extension GraphFacts {
    /// Takes note of a patch and infers the nodes that it added or replaced.
    ///
    /// What was known stays known: a value that exists before and after a patch has to hold the same tensor, unless a tensor
    /// is stored for it. So knowledge only grows, and refreshing comes to an end.
    /// - Returns: nodes of whose outputs more may be known once they are inferred again, by ``refresh(_:_:)``. That can wait: a
    ///   node with 50,000 inputs that change one by one would otherwise be inferred 50,000 times.
    /// - Throws: `invalidModel` where what is known now contradicts itself.
    package mutating func update(after effect: PatchEffect, _ graph: Graph) throws(CNNOptError) -> [NodeID] {
        extend(to: graph)
        var stale = effect.users
        for id in effect.constants {
            guard let data = graph[id].constant?.data else { continue }
            types[id.index] = TensorType(data.elementType, Shape(sizes: data.shape))
            // Users of what was known before learn nothing new.
            if produced[id] == nil { for use in graph[id].uses { stale.append(use.node) } }
        }
        for id in effect.nodes { definitions[id.index] = lookUp(id, graph) }
        for id in effect.nodes {
            if graph[id].inputs.count > Self.manyInputs {
                stale.append(id)
            } else {
                stale += try refresh(id, graph)
            }
        }
        return stale
    }

    private static let manyInputs = 64

    /// Infers a node again.
    /// - Returns: the users of outputs of which more is known now: those are to be refreshed too.
    /// - Throws: `invalidModel` where what is known now contradicts itself.
    package mutating func refresh(_ id: NodeID, _ graph: Graph) throws(CNNOptError) -> [NodeID] {
        let outputs = graph[id].outputs.compactMap { $0 }
        let before = outputs.map(knowledge)
        do throws(CNNOptError) {
            try infer(id, graph, isFirst: false)
            failures[id] = nil
        } catch {
            guard scope.isConditional else { throw error }
            failures[id] = error
        }
        var users: [NodeID] = []
        for (output, old) in zip(outputs, before) where knowledge(output) != old {
            users += graph[output].uses.map(\.node)
        }
        return users
    }

    /// What facts say of a value, to see whether they say more later.
    private struct Knowledge: Equatable {
        var type: TensorType
        var elements: ShapeElements?
        var isComputed: Bool
    }

    private func knowledge(_ id: ValueID) -> Knowledge {
        Knowledge(type: type(id), elements: shapeElements(id), isComputed: produced[id] != nil)
    }

    /// Makes room for the values and nodes that came since, with what patches declared of them.
    private mutating func extend(to graph: Graph) {
        for index in types.count..<max(types.count, graph.valueCapacity) {
            let id = ValueID(index: index)
            types.append(graph.contains(id) ? graph[id].type?.tensor : nil)
            elements.append(nil)
        }
        while definitions.count < graph.nodeCapacity { definitions.append(nil) }
    }

    /// The graph of an attribute of a node, with what is known of it there.
    package func body(_ id: NodeID, _ attribute: String) -> NodeBody? { bodies[id]?[attribute] }
}
