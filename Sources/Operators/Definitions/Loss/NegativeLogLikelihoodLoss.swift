import GraphIR
import Tensors

/// Minus the logarithm, which the input holds, of the right classes' probabilities.
enum NegativeLogLikelihoodLoss: Operator {
    static let schema = OperatorSchema("NegativeLogLikelihoodLoss", versions: [12, 13, 22], inputs: 2...3)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        [try LikelihoodLoss(site).type(site)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let loss = try LikelihoodLoss(site)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let x = try inputs.required(0)
            let result = try loss.run(x.cast(to: .float64), inputs.required(1), inputs.optional(2))
            return [try result.cast(to: x.elementType)]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its channels are classes")
    }
}
