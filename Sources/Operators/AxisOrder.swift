import GraphIR
import Tensors

/// Another order of a tensor's axes: where each of them stands in it.
package struct AxisOrder: Sendable, Hashable {
    /// The new place of each axis.
    package let places: [Int]

    package var rank: Int { places.count }

    package init(places: [Int]) { self.places = places }

    /// What stands for each axis, in the new order.
    package func moved<T>(_ perAxis: [T]) -> [T] {
        var result = perAxis
        for (axis, place) in places.enumerated() { result[place] = perAxis[axis] }
        return result
    }

    /// The permutation, as Transpose takes it, that brings a tensor of the new order into the old one.
    package var toOld: [Int] { places }

    /// The permutation that brings a tensor of the old order into the new one.
    package var toNew: [Int] { moved(Array(0..<rank)) }

    /// A stored tensor that broadcasts with tensors of the old order, for those of the new one: nil where it cannot.
    package func moved(_ data: TensorData) throws(CNNOptError) -> TensorData? {
        if data.count == 1, data.shape.count <= rank { return data }
        guard data.shape.count <= rank else { return nil }
        let full = [Int](repeating: 1, count: rank - data.shape.count) + data.shape
        return try IndexedCopy(full, permutation: toNew).run(data.reshaped(full), threads: 1)
    }
}

/// A node on inputs whose axes stand in another order.
package struct ReorderedNode: Sendable {
    /// The inputs whose axes change places; the others stay as they are.
    package var dataPorts: [Int]
    /// What changes in the node itself.
    package var edit: NodeEdit
    /// Whether the outputs' axes change places too. If not, the outputs are the same as before.
    package var movesOutputs: Bool

    package init(dataPorts: [Int] = [0], edit: NodeEdit = NodeEdit(), movesOutputs: Bool = true) {
        self.dataPorts = dataPorts
        self.edit = edit
        self.movesOutputs = movesOutputs
    }

    /// The node with one axis in an attribute.
    static func axis(_ axis: Int, ports: [Int] = [0], _ site: OperatorSite, _ order: AxisOrder) throws(CNNOptError)
        -> ReorderedNode
    {
        let place = order.places[try site.normalizedAxis(axis, rank: order.rank)]
        return ReorderedNode(dataPorts: ports, edit: NodeEdit(attributes: [Attribute("axis", place)]))
    }

    /// An operator that broadcasts its inputs by the ordinary rule.
    static func broadcast(_ site: OperatorSite) -> ReorderedNode? {
        site.opset >= 8 ? ReorderedNode(dataPorts: Array(site.inputs.indices)) : nil
    }
}
