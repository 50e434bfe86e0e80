import GraphIR
import Tensors

/// An operator of any number of inputs of one element type that broadcast: a binary function from left to right.
package protocol VariadicOperator: Operator {
    /// What joins two tensors.
    static func function(_ site: OperatorSite) throws(CNNOptError) -> BinaryFunction
    /// Shape arithmetic on one pair; nil where the result is unknown.
    static func combine(_ a: Dimension, _ b: Dimension, _ type: ElementType) -> Dimension?
    /// What is done at the end to the joined tensor of `count` inputs.
    static func finish(_ total: TensorData, _ count: Int, threads: Int) throws(CNNOptError) -> TensorData
}

extension VariadicOperator {
    package static var traits: OperatorTraits { [.elementwise, .broadcasts] }

    package static func combine(_ a: Dimension, _ b: Dimension, _ type: ElementType) -> Dimension? { nil }

    package static func finish(_ total: TensorData, _ count: Int, threads: Int) throws(CNNOptError) -> TensorData {
        total
    }

    package static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        .broadcast(site)
    }

    package static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let types = site.inputs.indices.map { site.type($0) }
        let shape = try Broadcasting.shape(types.map(\.shape))
        return [TensorType(types.lazy.compactMap(\.elementType).first, shape)]
    }

    package static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] {
        guard let type = site.elementType(0), var result = site.shapeElements(0) else { return [] }
        for port in site.inputs.indices.dropFirst() {
            guard let next = site.shapeElements(port),
                let joined = ShapeElements.combined(result, next, { combine($0, $1, type) })
            else { return [] }
            result = joined
        }
        return [result]
    }

    package static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling { try .broadcast(site) }

    package static func forwardedInput(_ site: OperatorSite) throws(CNNOptError) -> Int? {
        site.inputs.count == 1 ? 0 : nil
    }

    package static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let function = try function(site)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            var total = try inputs.required(0)
            for port in inputs.indices.dropFirst() {
                total = try function.apply(total, inputs.required(port), threads: threads)
            }
            return [try finish(total, inputs.count, threads: threads)]
        }
    }
}
