import GraphIR
import Tensors

/// An operator of two inputs that broadcast to one output.
package protocol BroadcastOperator: Operator {
    /// The output's element type.
    static func outputElementType(_ site: OperatorSite) -> ElementType?
    /// Shape arithmetic on one pair; nil where the result is unknown. Whole numbers of a float tensor count as known.
    static func combine(_ a: Dimension, _ b: Dimension, _ type: ElementType) -> Dimension?
    /// The kernel for two tensors whose ranks the ordinary broadcasting rule aligns.
    static func pairKernel(_ site: OperatorSite) throws(CNNOptError)
        -> @Sendable (TensorData, TensorData, _ threads: Int) throws(CNNOptError) -> TensorData
}

extension BroadcastOperator {
    package static var traits: OperatorTraits { [.elementwise, .broadcasts] }

    package static func outputElementType(_ site: OperatorSite) -> ElementType? {
        site.elementType(0) ?? site.elementType(1)
    }

    package static func combine(_ a: Dimension, _ b: Dimension, _ type: ElementType) -> Dimension? { nil }

    package static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        .broadcast(site)
    }

    package static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let shape = try Broadcasting.shape([site.shape(0), site.broadcastShape(1)])
        return [TensorType(outputElementType(site), shape)]
    }

    package static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] {
        guard let type = site.elementType(0) ?? site.elementType(1), let a = site.shapeElements(0),
            let b = site.shapeElements(1)
        else { return [] }
        return [ShapeElements.combined(a, b) { combine($0, $1, type) }]
    }

    package static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling { try .broadcast(site) }

    package static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let kernel = try pairKernel(site)
        let legacy = try LegacyBroadcast(site)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let a = try inputs.required(0)
            var b = try inputs.required(1)
            if let legacy {
                let padding = try legacy.padding(a.shape.count, b.shape.count)
                b = try b.reshaped(b.shape + [Int](repeating: 1, count: padding))
            }
            return [try kernel(a, b, threads)]
        }
    }

    package static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        try site.modernBroadcast(to: opset)
    }
}

extension ShapeElements {
    /// The pairwise results of two small vectors, one of which may have a single element; nil where they do not broadcast.
    static func combined(_ a: ShapeElements, _ b: ShapeElements, _ combine: (Dimension, Dimension) -> Dimension?)
        -> ShapeElements?
    {
        let (m, n) = (a.elements.count, b.elements.count)
        guard m == n || m == 1 || n == 1 else { return nil }
        return ShapeElements(
            (0..<(m == 1 ? n : m)).map { i in
                combine(a.elements[m == 1 ? 0 : i], b.elements[n == 1 ? 0 : i]) ?? .unknown
            },
            isScalar: a.isScalar && b.isScalar
        )
    }
}

extension ChannelCoupling {
    /// Axes of all inputs, aligned at the end, belong to the output's axes; axes of size 1 that are repeated belong to nothing.
    package static func broadcast(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let output = site.outputType(0).shape else { return .barrier("the rank of its output is unknown") }
        var coupling = ChannelCoupling()
        for port in site.inputs.indices {
            guard site.has(port) else { continue }
            guard let shape = site.shape(port), let padded = try site.broadcastShape(port) else {
                return .barrier("the rank of an input is unknown")
            }
            for (axis, dimension) in shape.enumerated() {
                let target = output.count - padded.count + axis
                guard target >= 0, let size = dimension.size, size == output[target].size else { continue }
                coupling.links.append(Link(Axis(.input(port), axis), Axis(.output(0), target), count: size))
            }
        }
        return coupling
    }
}
