import GraphIR
import Tensors

/// Minus the logarithm of the right classes' probabilities after a softmax over the classes, and all logarithms on request.
enum SoftmaxCrossEntropyLoss: Operator {
    static let schema = OperatorSchema("SoftmaxCrossEntropyLoss", versions: [12, 13], inputs: 2...3, outputs: 1...2)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        [try LikelihoodLoss(site).type(site), site.type(0)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let loss = try LikelihoodLoss(site)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let x = try inputs.required(0)
            let logarithms = try logSoftmax(x.cast(to: .float64))
            let result = try loss.run(logarithms, inputs.required(1), inputs.optional(2))
            return [try result.cast(to: x.elementType), try logarithms.cast(to: x.elementType)]
        }
    }

    /// Along axis 1.
    private static func logSoftmax(_ x: TensorData) throws(CNNOptError) -> TensorData {
        guard x.shape.count >= 2 else { throw CNNOptError(.invalidModel, "an input of rank \(x.shape.count)") }
        let span = AxisSpan(x.shape, axis: 1)
        var result = x
        try result.withMutableElements(Double.self) { (values) throws(CNNOptError) in
            guard !values.isEmpty else { return }
            span.forEachRow { _, first in
                let places = (0..<span.count).map { first + $0 * span.inner }
                let top = places.reduce(-Double.infinity) { max($0, values[$1]) }
                let sum = places.reduce(0) { $0 + Mathematics.exp(values[$1] - top) }
                let shift = top + Mathematics.log(sum)
                for place in places { values[place] -= shift }
            }
        }
        return result
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its channels are classes")
    }
}
