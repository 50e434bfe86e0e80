import GraphIR
import Operators
import Tensors

/// A model together with the gradients of a number L with respect to values inside it, by reverse-mode differentiation (Baydin et
/// al. 2018): one pass from the targets back, in which each node turns the gradients of its outputs into those of its inputs.
///
/// L is whatever the targets' *seeds*, the gradients of L with respect to them, say that it is.
package struct GradientGraph: Sendable {
    /// A node that no gradient passes, or not on all ways.
    package struct Barrier: Sendable, Hashable {
        package let node: String
        package let operatorName: String
        package let reason: String
    }

    /// The model at fixed input shapes, with an input for each seed behind its own inputs and with the gradients behind its own
    /// outputs. Values of the original keep their ids.
    package private(set) var model: Model
    /// The input that takes the gradient of L with respect to a target, in the target's shape: for targets that depend on a
    /// wanted value.
    package private(set) var seeds: [ValueID: ValueID] = [:]
    /// The value that holds the gradient of L with respect to a wanted value, in its shape. Two wanted values may share one.
    package private(set) var gradients: [ValueID: ValueID] = [:]
    /// Wanted values whose gradient lacks what would come through a barrier, or for that reason is not there at all.
    package private(set) var incomplete: Set<ValueID> = []
    /// In the order of the way back.
    package private(set) var barriers: [Barrier] = []
    /// What is known of the values of ``model``.
    package let facts: GraphFacts

    /// - Parameters:
    ///   - inputShapes: the shape of each input that is fed.
    ///   - targets: what L depends on: graph outputs or other values, of a floating-point type.
    ///   - wanted: the values whose gradients are asked for.
    /// - Throws: `unsupported` where the model cannot be brought to the operator set that gradients need.
    package init(
        _ model: Model,
        inputShapes: [ValueID: [Int]],
        targets: [ValueID],
        wanted: some Sequence<ValueID>
    ) throws(CNNOptError) {
        self.model = model
        try self.model.fixInputs(inputShapes)
        _ = try OpsetUpgrade.upgrade(&self.model, to: GradientFragment.opset, allowsUnknown: true)
        let before = try GraphFacts(self.model, inputShapes: inputShapes)
        let wanted = Set(wanted)
        let path = try GradientPath(self.model.graph, before, from: wanted, to: targets)
        for target in targets where path.values.contains(target) && seeds[target] == nil {
            let type = before.type(target)
            guard GradientPath.carriesGradients(type), type.sizes != nil else {
                throw CNNOptError(.unsupported, "no gradient of a target of type \(type)")
                    .atValue(self.model.graph[target].name)
            }
            seeds[target] = try self.model.graph.addSeed(for: target, type)
        }
        var construction = GradientConstruction(self.model.graph, before, path, seeds: seeds)
        for id in path.nodes.reversed() { try construction.add(id) }
        gradients = construction.gradients.filter { wanted.contains($0.key) }
        incomplete = construction.incomplete.intersection(wanted)
        barriers = construction.barriers
        let patch = construction.patch
        if !patch.isEmpty { try self.model.graph.apply(patch) }
        for id in Set(gradients.values).sorted() {
            guard !self.model.graph[id].isGraphOutput else { continue }
            try self.model.graph.addOutput(self.model.graph[id].name, type: nil)
        }
        facts = try GraphFacts(self.model)
    }
}

extension Model {
    /// Declares the shapes of the inputs that are fed.
    fileprivate mutating func fixInputs(_ shapes: [ValueID: [Int]]) throws(CNNOptError) {
        var patch = Patch(graph, author: GradientConstruction.author)
        for feed in graph.feeds {
            guard let shape = shapes[feed] else { continue }
            patch.setType(
                feed,
                .tensor(TensorType(graph[feed].type?.tensor?.elementType, Shape(sizes: shape)))
            )
        }
        if !patch.isEmpty { try graph.apply(patch) }
    }
}

extension Graph {
    /// An input for the gradient of a target.
    fileprivate mutating func addSeed(for target: ValueID, _ type: TensorType) throws(CNNOptError) -> ValueID {
        let stem = self[target].name + "_seed"
        var name = stem
        var number = 1
        while value(named: name) != nil {
            name = "\(stem)_\(number)"
            number += 1
        }
        try addInput(name, type: .tensor(type))
        return internValue(name)
    }
}
