import GraphIR
import Tensors

/// An operator of two inputs that broadcast, with one output of the same element type.
package protocol BinaryOperator: BroadcastOperator {
    /// The function at a site, attributes taken in.
    static func function(_ site: OperatorSite) throws(CNNOptError) -> BinaryFunction
    /// The operator as x · scale + shift where the input at `port` is the number `constant`; nil where it is something else.
    static func affine(_ constant: Double, at port: Int) -> (scale: Double, shift: Double)?
    /// The number at `port` with which the operator is x · scale + shift; nil where there is none.
    static func constant(scale: Double, shift: Double, at port: Int) -> Double?
    /// The gradient of the input at `port` before it is summed over the axes along which that input is repeated; nil where
    /// the operator says none.
    static func partialGradient(
        of port: Int,
        _ gradient: GradientFragment.Operand,
        _ site: OperatorSite,
        _ fragment: inout GradientFragment
    ) throws(CNNOptError) -> GradientFragment.Operand?
}

extension BinaryOperator {
    package static func affine(_ constant: Double, at port: Int) -> (scale: Double, shift: Double)? { nil }

    package static func constant(scale: Double, shift: Double, at port: Int) -> Double? { nil }

    package static func partialGradient(
        of port: Int,
        _ gradient: GradientFragment.Operand,
        _ site: OperatorSite,
        _ fragment: inout GradientFragment
    ) throws(CNNOptError) -> GradientFragment.Operand? { nil }

    package static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        let gradient = try fragment.gradient()
        for port in 0..<2 {
            try fragment.set(for: port) { (fragment) throws(CNNOptError) in
                guard let partial = try partialGradient(of: port, gradient, site, &fragment) else { return nil }
                return try fragment.summed(
                    partial,
                    from: try fragment.outputSizes(),
                    to: try fragment.inputSizes(port)
                )
            }
        }
    }

    package static func storing(_ affine: ChannelAffine, _ site: OperatorSite) throws(CNNOptError)
        -> [Int: TensorData]?
    { try affine.stored(site, constant) }

    package static func channelAffine(_ site: OperatorSite) throws(CNNOptError) -> ChannelAffine? {
        try .broadcast(site, affine)
    }

    package static func forwardedInput(_ site: OperatorSite) throws(CNNOptError) -> Int? {
        try site.portLeftAsIs(affine)
    }

    package static func pairKernel(_ site: OperatorSite) throws(CNNOptError)
        -> @Sendable (TensorData, TensorData, Int) throws(CNNOptError) -> TensorData
    {
        let function = try function(site)
        return { (a, b, threads) throws(CNNOptError) in try function.apply(a, b, threads: threads) }
    }
}
