import GraphIR
import Tensors

/// An operator that draws random numbers. Its type is known, but it is not run: no other program would draw the same numbers,
/// so nothing could be compared.
protocol RandomOperator: Operator {
    /// The shape of the numbers.
    static func shape(_ site: OperatorSite) throws(CNNOptError) -> Shape?
    /// The element type where the attribute `dtype` names none.
    static func usualType(_ site: OperatorSite) -> ElementType?
}

extension RandomOperator {
    static var traits: OperatorTraits { [.isImpure] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let shape = try shape(site)
        guard let number = try site.int("dtype") else { return [TensorType(usualType(site), shape)] }
        return [TensorType(Int32(exactly: number).flatMap(ElementType.init(rawValue:)), shape)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        throw site.failure(.unsupported, "random numbers are not drawn", remedy: "export the model for inference")
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("it draws random numbers")
    }
}

extension OperatorSite {
    /// The shape that the attribute `shape` holds.
    func shapeAttribute() throws(CNNOptError) -> Shape? {
        guard let sizes = try ints("shape") else { throw failure(.invalidModel, "attribute 'shape' is missing") }
        guard sizes.allSatisfy({ $0 >= 0 }) else { throw failure(.invalidModel, "attribute 'shape' is \(sizes)") }
        return Shape(sizes: sizes)
    }
}
