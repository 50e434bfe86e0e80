import GraphIR
import Tensors

/// The product of two quantised matrices, quantised again.
enum QLinearMatMul: IntegerProductOperator {
    static let schema = OperatorSchema("QLinearMatMul", versions: [10, 21], inputs: 8...8)
    static var matrixPorts: (Int, Int) { (0, 3) }
    static var zeroPorts: (Int, Int) { (2, 5) }

    static func outputType(_ site: OperatorSite) -> ElementType? { site.elementType(7) }

    static func finish(_ sums: TensorData, _ inputs: [TensorData?]) throws(CNNOptError) -> TensorData {
        let left = try QuantizedOperand.scalar(inputs.required(1))
        let right = try inputs.required(4)
        let result = try QuantizedOperand.scalar(inputs.required(6))
        // One scale, or one for each column.
        guard right.elementType.isFloat, right.count == 1 || right.count == sums.shape.last else {
            throw CNNOptError(.unsupported, "scales of shape \(right.shape) for a product of shape \(sums.shape)")
        }
        let scales = try right.doubles().map { left * Float($0) / result }
        return try Requantization(scales: scales, zero: inputs.required(7)).run(sums, inner: 1)
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        guard let right = site.shape(3) else { return nil }
        return .quantized(
            .product(),
            operands: [
                .init(tensor: 0, scale: 1, zero: 2),
                .init(tensor: 3, scale: 4, zero: 5, axis: right.count > 1 ? right.count - 1 : nil),
            ],
            biasPort: nil,
            result: .init(tensor: 0, scale: 6, zero: 7)
        )
    }
}
