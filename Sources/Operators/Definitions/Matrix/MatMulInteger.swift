import GraphIR
import Tensors

/// The product of two matrices of 8-bit integers, each less its zero point, as 32-bit integers.
enum MatMulInteger: IntegerProductOperator {
    static let schema = OperatorSchema("MatMulInteger", versions: [10], inputs: 2...4)
    static var matrixPorts: (Int, Int) { (0, 1) }
    static var zeroPorts: (Int, Int) { (2, 3) }

    static func outputType(_ site: OperatorSite) -> ElementType? { .int32 }

    static func finish(_ sums: TensorData, _ inputs: [TensorData?]) throws(CNNOptError) -> TensorData { sums }
}
