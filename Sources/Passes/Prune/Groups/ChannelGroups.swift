import GraphIR
import Operators
import Tensors

/// Indices that stay or go together, on every axis of every value that they run through.
package struct CoupledChannel: Sendable, Hashable {
    /// Sorted indices by axis, in the order of the group's ``PruningGroup/axes``.
    package let indices: [[Int]]
}

/// Coupled channels that run through the same axes.
package struct PruningGroup: Sendable {
    /// The axes, sorted.
    package let axes: [ValueAxis]
    /// In the order of their smallest member.
    package let channels: [CoupledChannel]

    /// The place of an axis in ``axes``; nil where the group does not touch it.
    package func position(of key: ValueAxis) -> Int? { axes.firstIndex(of: key) }
}

/// The closure over all nodes' ``ChannelCoupling``: what has to be removed together.
///
/// Source: Fang et al., DepGraph: Towards Any Structural Pruning, CVPR 2023; here on indices of tensor axes, with everything
/// that a node does not declare pinned.
package struct ChannelGroups: Sendable {
    /// Groups that may lose channels, in the order of the network.
    package let groups: [PruningGroup]
    /// In topological order.
    package let layers: [LinearLayer]
    private let reasons: [ValueAxis: String]

    package init(_ model: Model, _ facts: GraphFacts) throws(CNNOptError) {
        var closure = try ChannelClosure(model.graph, facts)
        var layers: [LinearLayer] = []
        for id in try model.graph.topologicalOrder() {
            if let layer = try LinearLayer(id, model.graph, facts) { layers.append(layer) }
        }
        self.layers = layers
        groups = closure.groups(producedBy: layers.map(\.outputChannels))
        var reasons: [ValueAxis: String] = [:]
        for layer in layers { reasons[layer.outputChannels] = closure.reason(layer.outputChannels) }
        self.reasons = reasons
    }

    /// Why channels of a linear layer's output stay; nil where all of them may go.
    package func reason(_ layer: LinearLayer) -> String? { reasons[layer.outputChannels] }
}
