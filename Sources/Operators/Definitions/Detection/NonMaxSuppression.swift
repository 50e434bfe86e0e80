import GraphIR
import Tensors

/// The boxes of each image and class that remain when those are left out that overlap a box of higher score too much.
enum NonMaxSuppression: Operator {
    static let schema = OperatorSchema("NonMaxSuppression", versions: [10, 11], inputs: 2...5)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        [TensorType(.int64, [.unknown, 3])]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let form = try site.int("center_point_box", default: 0)
        guard form == 0 || form == 1 else {
            throw site.failure(.invalidModel, "attribute 'center_point_box' is \(form), not 0 or 1")
        }
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let suppression = BoxSuppression(
                isCentred: form == 1,
                largestCount: max(try inputs.integers(2)?.first ?? 0, 0),
                overlapLimit: try number(inputs.optional(3)) ?? 0,
                scoreLimit: try number(inputs.optional(4))
            )
            return [try suppression.run(inputs.required(0), inputs.required(1))]
        }
    }

    private static func number(_ tensor: TensorData?) throws(CNNOptError) -> Float? {
        try tensor?.array(of: Float.self).first
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its output holds indices of boxes and classes")
    }
}
