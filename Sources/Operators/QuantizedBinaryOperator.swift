import GraphIR
import Tensors

/// An operator on two 8-bit tensors that broadcast: A, its scale, its zero point, the same of B, then scale and zero point of the
/// result.
protocol QuantizedBinaryOperator: Operator {
    static var function: BinaryFunction { get }
    /// The same in the terms of back ends.
    static var pair: PairFunction { get }

    /// What steps of A and of B are multiplied by before the function, and its result after it, to be steps of the result.
    static func factors(_ a: Float, _ b: Float, _ result: Float) -> (a: Float, b: Float, result: Float)
}

extension QuantizedBinaryOperator {
    static var traits: OperatorTraits { [.elementwise] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let shape = try Broadcasting.shape([site.shape(0), site.shape(3)])
        return [TensorType(site.elementType(0) ?? site.elementType(3), shape)]
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        .quantized(
            .binary(pair),
            operands: [
                QuantizedPorts(tensor: 0, scale: 1, zero: 2), QuantizedPorts(tensor: 3, scale: 4, zero: 5),
            ],
            biasPort: nil,
            result: QuantizedPorts(tensor: 0, scale: 6, zero: 7)
        )
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let function = function
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let (a, b) = (try inputs.required(0), try inputs.required(3))
            guard a.elementType == b.elementType else {
                throw CNNOptError(
                    .invalidModel,
                    "element types \(a.elementType.onnxName) and \(b.elementType.onnxName) differ"
                )
            }
            let (left, right) = (try inputs.grid(0, scale: 1, zero: 2), try inputs.grid(3, scale: 4, zero: 5))
            let grid = try inputs.grid(a.elementType, scale: 6, zero: 7)
            let factors = factors(left.scale, right.scale, grid.scale)
            let steps = try function.apply(
                a.lookedUp(left.steps.map { Float($0) * factors.a }),
                b.lookedUp(right.steps.map { Float($0) * factors.b }),
                threads: threads
            )
            // The zero point is added before the result is rounded: with an odd one, halves go the other way.
            let zero = Float(grid.zero)
            return [try grid.quantized(steps) { grid.code(at: $0 * factors.result + zero) }]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its operands are quantised")
    }
}
