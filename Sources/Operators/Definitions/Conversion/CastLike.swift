import GraphIR
import Tensors

/// The first input in the element type of the second.
enum CastLike: Operator {
    static let schema = OperatorSchema("CastLike", versions: [15, 19, 21, 23, 24, 25], inputs: 2...2)
    static var traits: OperatorTraits { [.elementwise] }

    static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        ReorderedNode()
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        [TensorType(site.elementType(1), site.shape(0))]
    }

    static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] {
        guard let target = site.elementType(1) else { return [] }
        return [site.castElements(to: target)]
    }

    /// The second input gives its type alone: its axes may shrink or stay.
    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        var coupling = ChannelCoupling.identity(site)
        for axis in site.shape(1)?.indices ?? 0..<0 { coupling.free.append(ChannelCoupling.Axis(.input(1), axis)) }
        return coupling
    }

    static func forwardedInput(_ site: OperatorSite) throws(CNNOptError) -> Int? {
        site.elementType(0).flatMap { $0 == site.elementType(1) ? 0 : nil }
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let rule = try CastRule(site)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            [try inputs.required(0).cast(to: inputs.required(1).elementType, rule)]
        }
    }
}
