import GraphIR
import Tensors

/// 8-bit tensors one behind the other along one axis, all brought to the result's scale and zero point. Those come first, then
/// each tensor with its own.
enum QLinearConcat: Operator {
    static let schema = OperatorSchema("QLinearConcat", domain: "com.microsoft", versions: [1], inputs: 5...Int.max)

    /// The ports of the tensors.
    private static func parts(_ count: Int) throws(CNNOptError) -> [Int] {
        guard count >= 5, count % 3 == 2 else {
            throw CNNOptError(.invalidModel, "\(count) inputs where each tensor has a scale and a zero point")
        }
        return Array(stride(from: 2, to: count, by: 3))
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let tensors = try parts(site.inputs.count).map { site.input($0) }
        return try Concat.inferTypes(site.plain(tensors, opset: 13))
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let axis = try Concat.axis(site)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            var tensors: [TensorData] = []
            for port in try parts(inputs.count) {
                let tensor = try inputs.required(port)
                let grid = try inputs.grid(tensor.elementType, scale: 0, zero: 1)
                tensors.append(try inputs.grid(port, scale: port + 1, zero: port + 2).requantized(tensor, to: grid))
            }
            return [try Concat.join(tensors, axis)]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its operands are quantised")
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        guard let rank = site.shape(2)?.count else { return nil }
        return .quantized(
            .concatenation(axis: try AxisNumbers.normalized(Concat.axis(site), rank: rank)),
            operands: try parts(site.inputs.count).map { QuantizedPorts(tensor: $0, scale: $0 + 1, zero: $0 + 2) },
            biasPort: nil,
            result: QuantizedPorts(tensor: 0, scale: 0, zero: 1)
        )
    }
}
