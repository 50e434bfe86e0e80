import GraphIR
import Tensors

/// A convolution of 8-bit integers, each less its zero point, as 32-bit integers. Padding is the data's zero point.
enum ConvInteger: IntegerConvolutionOperator {
    static let schema = OperatorSchema("ConvInteger", versions: [10], inputs: 2...4)
    static var operandPorts: (Int, Int) { (0, 1) }
    static var zeroPorts: (Int, Int) { (2, 3) }
    static var biasPort: Int? { nil }

    static func outputType(_ site: OperatorSite) -> ElementType? { .int32 }

    static func finish(_ sums: TensorData, _ inputs: [TensorData?]) throws(CNNOptError) -> TensorData { sums }
}
