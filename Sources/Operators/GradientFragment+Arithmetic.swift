import GraphIR
import Tensors

/// What gradients are made of.
extension GradientFragment {
    /// One number of the gradients' type.
    package func number(_ value: Double) throws(CNNOptError) -> Operand {
        .constant(try TensorData(doubles: [value], as: elementType, shape: []), stem: "number")
    }

    /// A list of integers: axes, a shape.
    package func integers(_ values: [Int]) throws(CNNOptError) -> Operand {
        .constant(try TensorData(values.map(Int64.init)), stem: "list")
    }

    package mutating func product(_ a: Operand, _ b: Operand) -> Operand { add("Mul", [a, b]) }

    package mutating func product(_ a: Operand, _ factor: Double) throws(CNNOptError) -> Operand {
        factor == 1 ? a : add("Mul", [a, try number(factor)])
    }

    package mutating func sum(_ a: Operand, _ b: Operand) -> Operand { add("Add", [a, b]) }

    package mutating func sum(_ a: Operand, _ term: Double) throws(CNNOptError) -> Operand {
        term == 0 ? a : add("Add", [a, try number(term)])
    }

    package mutating func difference(_ a: Operand, _ b: Operand) -> Operand { add("Sub", [a, b]) }

    /// 1 − a.
    package mutating func complement(_ a: Operand) throws(CNNOptError) -> Operand { add("Sub", [try number(1), a]) }

    /// The same elements in another shape.
    package mutating func reshaped(_ operand: Operand, _ shape: [Int]) throws(CNNOptError) -> Operand {
        add("Reshape", [operand, try integers(shape)], shape.contains(0) ? [Attribute("allowzero", 1)] : [])
    }

    /// The sums over the axes along which a tensor of shape `target` is repeated to `shape`.
    package mutating func summed(_ operand: Operand, from shape: [Int], to target: [Int]) throws(CNNOptError) -> Operand
    {
        if shape == target { return operand }
        let padding = shape.count - target.count
        let axes = shape.indices.filter { $0 < padding || target[$0 - padding] != shape[$0] }
        let sums = axes.isEmpty ? operand : add("ReduceSum", [operand, try integers(axes)])
        return padding == 0 ? sums : try reshaped(sums, target)
    }

    /// The operand, of size 1 along some axes, repeated along these to `shape` and multiplied by a number. A product with a
    /// stored tensor, which back ends have fast kernels for.
    package mutating func spread(
        _ operand: Operand,
        from source: [Int],
        to shape: [Int],
        times factor: Double
    ) throws(CNNOptError) -> Operand {
        if source == shape { return try product(operand, factor) }
        let sizes = zip(source, shape).map { $0 == $1 ? 1 : $1 }
        guard let count = checkedProduct(sizes) else { throw site.failure(.unsupported, "the shape \(shape)") }
        let factors = try TensorData(
            doubles: [Double](repeating: factor, count: count),
            as: elementType,
            shape: sizes
        )
        return product(operand, .constant(factors, stem: "factors"))
    }

    /// 1 where the operand is above a finite number (below it, where `isFalling`), 0 elsewhere: a HardSigmoid so steep that no
    /// float of ordinary size lies on its slope, since comparisons have no fast kernels.
    package mutating func step(_ operand: Operand, at place: Double = 0, isFalling: Bool = false) throws(CNNOptError)
        -> Operand
    {
        // A power of two: products with it are exact, so that the sign of what is below the clamp is right.
        let slope = isFalling ? -0x1p100 : 0x1p100
        let shift = -slope * place
        if Double(Float(shift)) == shift {
            return add("HardSigmoid", [operand], [Attribute("alpha", Float(slope)), Attribute("beta", Float(shift))])
        }
        let distance = difference(operand, try number(place))
        return add("HardSigmoid", [distance], [Attribute("alpha", Float(slope)), Attribute("beta", Float(0))])
    }

    /// 1 where the operand lies inside an interval, whose ends may be infinite, 0 elsewhere; nil where it is 1 everywhere.
    package mutating func inside(_ operand: Operand, _ low: Double, _ high: Double) throws(CNNOptError) -> Operand? {
        let above = low > -.infinity ? try step(operand, at: low) : nil
        let below = high < .infinity ? try step(operand, at: high, isFalling: true) : nil
        if let above, let below { return product(above, below) }
        return above ?? below
    }
}
