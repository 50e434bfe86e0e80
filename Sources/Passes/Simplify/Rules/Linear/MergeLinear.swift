import GraphIR
import Operators
import Tensors

/// Makes one linear operator of two that follow each other, where one of them treats each position by itself and the product
/// of the weights is no larger: Conv 1×1 → Conv k×k, Conv k×k → Conv 1×1, Gemm → Gemm.
///
/// W = W₂ · W₁ and b = b₂ + W₂ · b₁, computed in double precision and rounded once. Neither stored elements nor
/// multiply-accumulates may grow.
enum MergeLinear: RewriteRule {
    static let name = "linear operators merged"
    static let changesRounding = true

    /// Multiplications that one product of weights may take.
    private static let workLimit = 1 << 28

    static func starts(from definition: any Operator.Type) -> Bool { definition.traits.contains(.isLinear) }

    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        guard let secondForm = (try? place.definition.linearForm(place.site)) ?? nil, secondForm.groups == 1,
            place.site.node.inputs.indices.contains(secondForm.dataPort),
            let data = place.site.node.inputs[secondForm.dataPort],
            let producer = graph.soleProducer(data), let definition = facts.definition(producer, graph)
        else { return nil }
        let site = facts.site(producer, graph)
        guard let firstForm = (try? definition.linearForm(site)) ?? nil, firstForm.groups == 1,
            firstForm.outputChannelAxis == secondForm.dataChannelAxis,
            firstForm.dataChannelAxis == firstForm.outputChannelAxis,
            secondForm.dataChannelAxis == secondForm.outputChannelAxis,
            firstForm.isPointwise || secondForm.isPointwise,
            site.node.inputs.indices.contains(firstForm.dataPort),
            graph.isAlone(site, firstForm), graph.isAlone(place.site, secondForm),
            let first = try LinearWeight(site, firstForm), let second = try LinearWeight(place.site, secondForm),
            first.outputChannels == second.inputChannels, first.elementType == second.elementType,
            let firstBias = try first.bias(site), let secondBias = try second.bias(place.site)
        else { return nil }
        let firstPlace = RewritePlace(id: producer, site: site, definition: definition, options: place.options)
        let pair = LinearPair(first: first, second: second)
        let isBiased = firstBias.contains { $0 != 0 }
        // The node that stays: the one with a window, and with a bias where one is needed.
        for keepsFirst in [false, true] {
            guard keepsFirst ? secondForm.isPointwise : firstForm.isPointwise,
                keepsFirst || !isBiased || secondForm.seesWholeWeight,
                pair.work(keepsFirst: keepsFirst) <= workLimit,
                isNoLarger(pair, keepsFirst, firstPlace, place)
            else { continue }
            let bias = pair.bias(firstBias, secondBias)
            let needsBias = bias.contains { $0 != 0 }
            let (kept, form) = keepsFirst ? (firstPlace, firstForm) : (place, secondForm)
            guard !needsBias || form.biasPort != nil,
                let weight = try TensorData.rounding(
                    pair.product(keepsFirst: keepsFirst),
                    to: first.elementType,
                    shape: pair.shape(keepsFirst: keepsFirst)
                )
            else { continue }
            var patch = Patch(graph, author: "simplify")
            var node = graph[kept.id]
            node.inputs[form.weightPort] = patch.store(
                weight,
                over: node.inputs[form.weightPort],
                usedBy: kept.id,
                stem: "\(graph.displayName(kept.id))_weight",
                in: graph
            )
            if needsBias || (form.biasPort.map(kept.site.has) ?? false) {
                guard try patch.storeBias(bias, of: &node, kept, form, first.elementType, graph) else { continue }
            }
            node.inputs[form.dataPort] = site.node.inputs[firstForm.dataPort]
            node.outputs = place.site.node.outputs
            let gone = keepsFirst ? place.id : producer
            let text = "took in \(graph[gone].operatorName) '\(graph.displayName(gone))'"
            patch.replaceNode(kept.id, with: node)
            patch.removeNode(gone)
            return Rewriting(patch, changed: (kept.id, text))
        }
        return nil
    }

    private static func isNoLarger(
        _ pair: LinearPair,
        _ keepsFirst: Bool,
        _ first: RewritePlace,
        _ second: RewritePlace
    ) -> Bool {
        let elements = pair.shape(keepsFirst: keepsFirst).reduce(1, *)
        guard elements <= pair.first.values.count + pair.second.values.count else { return false }
        let middle = pair.first.outputChannels
        let outer = keepsFirst ? pair.second.outputChannels : pair.first.inputChannels
        if outer <= middle { return true }
        guard let a = (try? first.definition.cost(first.site))?.macs,
            let b = (try? second.definition.cost(second.site))?.macs
        else { return false }
        return Double(keepsFirst ? a : b) * Double(outer) / Double(middle) <= Double(a) + Double(b)
    }
}

extension Graph {
    /// Whether only the node uses its weight: a copy of it would let the model grow.
    fileprivate func isAlone(_ site: OperatorSite, _ form: LinearForm) -> Bool {
        guard site.node.inputs.indices.contains(form.weightPort), let weight = site.node.inputs[form.weightPort] else {
            return false
        }
        return self[weight].uses.count == 1
    }
}

/// The weights of two linear operators that follow each other, without groups.
private struct LinearPair {
    let first: LinearWeight
    let second: LinearWeight

    /// The shape of the product in the axes of the operator that stays.
    func shape(keepsFirst: Bool) -> [Int] {
        var shape = keepsFirst ? first.shape : second.shape
        if keepsFirst {
            shape[first.form.weightOutputAxis] = second.outputChannels
        } else {
            shape[second.form.weightInputAxis] = first.inputChannels
        }
        return shape
    }

    func work(keepsFirst: Bool) -> Int {
        let (product, overflow) = shape(keepsFirst: keepsFirst).reduce(1, *)
            .multipliedReportingOverflow(by: first.outputChannels)
        return overflow ? .max : product
    }

    func bias(_ firstBias: [Double], _ secondBias: [Double]) -> [Double] {
        var bias = secondBias
        for (index, value) in second.values.enumerated() {
            bias[second.outputChannel(index)] += value * firstBias[second.inputChannel(index)]
        }
        return bias
    }

    /// The product: the other weight, which has one element for each pair of channels, over the axis that both share.
    func product(keepsFirst: Bool) -> [Double] {
        let (kept, other) = keepsFirst ? (first, second) : (second, first)
        let shape = shape(keepsFirst: keepsFirst)
        let axis = keepsFirst ? kept.form.weightOutputAxis : kept.form.weightInputAxis
        let (middle, outer) = (first.outputChannels, shape[axis])
        // The other weight as middle × outer.
        var matrix = [Double](repeating: 0, count: middle * outer)
        for (index, value) in other.values.enumerated() {
            let (m, k) =
                keepsFirst
                ? (other.inputChannel(index), other.outputChannel(index))
                : (other.outputChannel(index), other.inputChannel(index))
            matrix[m * outer + k] = value
        }
        let inner = rowMajorStrides(kept.shape)[axis]
        var result = [Double](repeating: 0, count: shape.reduce(1, *))
        for block in 0..<kept.values.count / (middle * inner) {
            for m in 0..<middle {
                for k in 0..<outer {
                    let factor = matrix[m * outer + k]
                    let (from, to) = ((block * middle + m) * inner, (block * outer + k) * inner)
                    for i in 0..<inner { result[to + i] += kept.values[from + i] * factor }
                }
            }
        }
        return result
    }
}
