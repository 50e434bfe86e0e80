import GraphIR
import Tensors

/// A function of single elements on an 8-bit tensor: X, its scale, its zero point, then scale and zero point of the result.
protocol QuantizedUnaryOperator: Operator {
    /// The operator on plain numbers, which has the same attributes.
    associatedtype Plain: UnaryOperator
}

extension QuantizedUnaryOperator {
    static var traits: OperatorTraits { [.elementwise] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] { [site.type(0)] }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        try Plain.computation(site).map { .quantizedUnary($0) }
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let function = try Plain.function(site)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let x = try inputs.required(0)
            let (grid, result) = (
                try inputs.grid(0, scale: 1, zero: 2), try inputs.grid(x.elementType, scale: 3, zero: 4)
            )
            // An 8-bit tensor has 256 different elements at most.
            let numbers = try function.apply(to: TensorData(grid.numbers), threads: 1).array(of: Float.self)
            return [try x.lookedUp(numbers.map { result.code(steps: $0 / result.scale) }, result.type)]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling { .identity(site) }
}
