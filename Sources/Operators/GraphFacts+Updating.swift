import GraphIR
import Tensors

/// Keeping facts while a graph is edited.
extension GraphFacts {
    /// Brings the facts up to date after a patch: infers the nodes that it touched, then those that use values of which more
    /// is known now, and so on, so that the cost grows with what the patch changed.
    ///
    /// What was known stays known: a value that exists before and after a patch has to hold the same tensor, unless a tensor
    /// is stored for it. So knowledge only grows, and this comes to an end.
    /// - Returns: the touched nodes and those of whose inputs or outputs more is known now.
    /// - Throws: `invalidModel` where what is known now contradicts itself.
    package mutating func update(after effect: PatchEffect, _ graph: Graph) throws(CNNOptError) -> [NodeID] {
        extend(to: graph)
        var queue: [NodeID] = []
        var isQueued: Set<NodeID> = []
        func enqueue(_ id: NodeID) {
            if isQueued.insert(id).inserted { queue.append(id) }
        }
        for id in effect.nodes {
            definitions[id.index] = lookUp(id, graph)
            enqueue(id)
        }
        for id in effect.constants {
            guard let data = graph[id].constant?.data else { continue }
            types[id.index] = TensorType(data.elementType, Shape(sizes: data.shape))
            // Users of what was known before learn nothing new.
            if produced[id] == nil { for use in graph[id].uses { enqueue(use.node) } }
        }

        var result: [NodeID] = []
        var next = 0
        while next < queue.count {
            let id = queue[next]
            next += 1
            isQueued.remove(id)
            result.append(id)
            let outputs = graph[id].outputs.compactMap { $0 }
            let before = outputs.map(knowledge)
            do throws(CNNOptError) {
                try infer(id, graph, isFirst: false)
                failures[id] = nil
            } catch {
                guard scope.isConditional else { throw error }
                failures[id] = error
            }
            for (output, old) in zip(outputs, before) where knowledge(output) != old {
                for use in graph[output].uses { enqueue(use.node) }
            }
        }
        return result
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
