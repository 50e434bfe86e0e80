import GraphIR
import Tensors

/// What a binary elementwise operator does to two elements, as loops over one run of elements: strides 0 repeat an element.
package struct BinaryFunction: Sendable {
    package typealias Loop<T> =
        @Sendable (
            _ a: UnsafePointer<T>, _ aStride: Int, _ b: UnsafePointer<T>, _ bStride: Int,
            _ out: UnsafeMutablePointer<T>, _ count: Int
        ) -> Void

    let float: Loop<Float>
    let double: Loop<Double>
    /// On integers, widened to 64 bits and cut back; nil where the operator takes none.
    let integer: (@Sendable (Int64, Int64) throws(CNNOptError) -> Int64)?

    @inline(__always)
    package init(
        float: @escaping @Sendable (Float, Float) -> Float,
        double: @escaping @Sendable (Double, Double) -> Double,
        integer: (@Sendable (Int64, Int64) throws(CNNOptError) -> Int64)? = nil
    ) {
        self.float = { a, aStride, b, bStride, out, count in
            switch (aStride, bStride) {
            case (1, 1): for i in 0..<count { out[i] = float(a[i], b[i]) }
            case (1, 0):
                let right = b[0]
                for i in 0..<count { out[i] = float(a[i], right) }
            default: for i in 0..<count { out[i] = float(a[i &* aStride], b[i &* bStride]) }
            }
        }
        self.double = { a, aStride, b, bStride, out, count in
            for i in 0..<count { out[i] = double(a[i &* aStride], b[i &* bStride]) }
        }
        self.integer = integer
    }
}

/// An operator of two inputs that broadcast, with one output of the same element type.
package protocol BinaryOperator: Operator {
    /// The function at a site, attributes taken in.
    static func function(_ site: OperatorSite) throws(CNNOptError) -> BinaryFunction
    /// Shape arithmetic on one pair; nil where the result is unknown.
    static func combine(_ a: Dimension, _ b: Dimension) -> Dimension?
    /// The operator as x · scale + shift where the input at `port` is the number `constant`; nil where it is something else.
    static func affine(_ constant: Double, at port: Int) -> (scale: Double, shift: Double)?
}

extension BinaryOperator {
    package static var traits: OperatorTraits { [.elementwise] }

    package static func combine(_ a: Dimension, _ b: Dimension) -> Dimension? { nil }

    package static func affine(_ constant: Double, at port: Int) -> (scale: Double, shift: Double)? { nil }

    package static func channelAffine(_ site: OperatorSite) throws(CNNOptError) -> ChannelAffine? {
        try .broadcast(site, affine)
    }

    package static func forwardedInput(_ site: OperatorSite) throws(CNNOptError) -> Int? {
        try site.portLeftAsIs(affine)
    }

    package static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let shape = try Broadcasting.shape([site.shape(0), site.shape(1)])
        return [TensorType(site.elementType(0) ?? site.elementType(1), shape)]
    }

    package static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] {
        guard let a = site.shapeElements(0), let b = site.shapeElements(1),
            a.elements.count == b.elements.count || a.elements.count == 1 || b.elements.count == 1
        else { return [] }
        let count = a.elements.isEmpty || b.elements.isEmpty ? 0 : max(a.elements.count, b.elements.count)
        return [
            ShapeElements(
                (0..<count).map { i in
                    combine(a.elements[a.elements.count == 1 ? 0 : i], b.elements[b.elements.count == 1 ? 0 : i])
                        ?? .unknown
                },
                isScalar: a.isScalar && b.isScalar
            )
        ]
    }

    package static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling { .broadcast(site) }

    package static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let function = try function(site)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            [try function.apply(inputs.required(0), inputs.required(1), threads: threads)]
        }
    }
}

extension ChannelCoupling {
    /// Axes of all inputs, aligned at the end, belong to the output's axes; axes of size 1 that are repeated belong to nothing.
    package static func broadcast(_ site: OperatorSite) -> ChannelCoupling {
        guard let output = site.outputType(0).shape else { return .barrier("the rank of its output is unknown") }
        var coupling = ChannelCoupling()
        for port in site.inputs.indices {
            guard site.has(port) else { continue }
            guard let shape = site.shape(port) else { return .barrier("the rank of an input is unknown") }
            for (axis, dimension) in shape.enumerated() {
                let target = output.count - shape.count + axis
                guard target >= 0, let size = dimension.size, size == output[target].size else { continue }
                coupling.links.append(Link(Axis(.input(port), axis), Axis(.output(0), target), count: size))
            }
        }
        return coupling
    }
}
