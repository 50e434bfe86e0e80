import GraphIR
import Tensors

/// A convolution of quantised data and weight, quantised again; the bias is added to the 32-bit sums.
enum QLinearConv: IntegerConvolutionOperator {
    static let schema = OperatorSchema("QLinearConv", versions: [10], inputs: 8...9)
    static var operandPorts: (Int, Int) { (0, 3) }
    static var zeroPorts: (Int, Int) { (2, 5) }
    static var biasPort: Int? { 8 }

    static func outputType(_ site: OperatorSite) -> ElementType? { site.elementType(7) }

    static func finish(_ sums: TensorData, _ inputs: [TensorData?]) throws(CNNOptError) -> TensorData {
        let data = try QuantizedOperand.scalar(inputs.required(1))
        let weight = try inputs.required(4)
        let result = try QuantizedOperand.scalar(inputs.required(6))
        guard weight.elementType.isFloat, weight.count == 1 || weight.count == sums.shape[1] else {
            throw CNNOptError(.invalidModel, "scales of shape \(weight.shape) for \(sums.shape[1]) output channels")
        }
        let scales = try weight.doubles().map { data * Float($0) / result }
        return try Requantization(scales: scales, zero: inputs.required(7))
            .run(sums, inner: AxisSpan(sums.shape, axis: 1).inner)
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        guard let x = site.type(0).sizes, let weight = site.type(3).sizes, weight.count == x.count, x.count > 2 else {
            return nil
        }
        let axes = try Windows(site).axes(Array(x[2...]), weightKernel: Array(weight[2...]))
        return .quantized(
            .convolution(axes: axes, groups: try Conv.group(site)),
            operands: [.init(tensor: 0, scale: 1, zero: 2), .init(tensor: 3, scale: 4, zero: 5, axis: 0)],
            biasPort: 8,
            result: .init(tensor: 0, scale: 6, zero: 7)
        )
    }
}
