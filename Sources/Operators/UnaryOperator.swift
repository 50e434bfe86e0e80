import GraphIR
import Tensors

/// An operator whose one output has the type and shape of its first input, element by element.
package protocol UnaryOperator: Operator {
    /// The function at a site, attributes taken in.
    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction
    /// The same in the terms of back ends; nil where they have no word for it.
    static func elementary(_ site: OperatorSite) throws(CNNOptError) -> ElementaryFunction?
    /// The function's derivative at each element, out of the input or the output; nil where the operator says none.
    static func derivative(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError)
        -> GradientFragment.Operand?
}

extension UnaryOperator {
    package static func elementary(_ site: OperatorSite) throws(CNNOptError) -> ElementaryFunction? { nil }

    package static func derivative(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError)
        -> GradientFragment.Operand?
    { nil }

    package static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        guard fragment.wants(0), let derivative = try derivative(site, &fragment) else { return }
        fragment.set(fragment.product(try fragment.gradient(), derivative), for: 0)
    }

    package static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        try elementary(site).map { .unary($0) }
    }

    package static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        ReorderedNode()
    }

    package static var traits: OperatorTraits { [.elementwise] }

    package static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] { [site.type(0)] }

    package static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling { .identity(site) }

    package static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let function = try function(site)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            [try function.apply(to: inputs.required(0), threads: threads)]
        }
    }
}

extension ChannelCoupling {
    /// Every axis of the first input belongs to the same axis of the first output.
    package static func identity(_ site: OperatorSite) -> ChannelCoupling {
        guard let shape = site.shape(0) else { return .barrier("the rank of its input is unknown") }
        var coupling = ChannelCoupling()
        for (axis, dimension) in shape.enumerated() {
            guard let size = dimension.size else { continue }
            coupling.links.append(Link(Axis(.input(0), axis), Axis(.output(0), axis), count: size))
        }
        return coupling
    }
}
