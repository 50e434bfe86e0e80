import GraphIR
import Tensors

/// The input repeated so that it broadcasts with a shape.
enum Expand: Operator {
    static let schema = OperatorSchema("Expand", versions: [8, 13], inputs: 2...2)
    static var traits: OperatorTraits { [.movesData, .repeats] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        guard let shape = site.shape(0) else { return [TensorType(site.elementType(0), nil)] }
        guard let target = site.shapeElements(1)?.elements else {
            guard let rank = site.shape(1)?.first?.size, rank <= 64 else {
                return [TensorType(site.elementType(0), nil)]
            }
            return [TensorType(site.elementType(0), Shape(repeating: .unknown, count: max(rank, shape.count)))]
        }
        return [TensorType(site.elementType(0), try Broadcasting.shape([shape, target]))]
    }

    static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] {
        guard let all = site.shapeElements(0), let target = site.shapeElements(1)?.elements, target.count == 1,
            let count = target[0].size, count <= ShapeElements.limit, all.elements.count == 1 || count == 1
        else { return [] }
        return [ShapeElements(all.elements.count == 1 ? (0..<count).map { _ in all.elements[0] } : all.elements)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let data = try inputs.required(0)
            let shape = try Broadcasting.shape([data.shape, inputs.requiredVector(1)])
            try IndexedCopy.check(shape, data.elementType)
            let strides = Broadcasting.strides(data.shape, to: shape)
            let axes = shape.indices.map {
                IndexedCopy.Axis.strided(start: 0, step: strides[$0], count: shape[$0])
            }
            return [try IndexedCopy(axes: axes).run(data, threads: threads)]
        }
    }

    /// The stored target after some output axes got other sizes: 1 keeps what the input has. nil where an axis that the input
    /// does not have is computed at run time.
    private static func target(_ site: OperatorSite, _ sizes: [Int: Int]) -> [Int]? {
        guard let input = site.shape(0), let output = site.outputType(0).shape else { return nil }
        var target: [Int] = []
        for axis in output.indices {
            let own = axis - (output.count - input.count)
            if own >= 0, input[own] == output[axis], output[axis] != .unknown {
                target.append(1)
            } else if let size = sizes[axis] ?? output[axis].size {
                target.append(size)
            } else {
                return nil
            }
        }
        return target
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let input = site.shape(0), let output = site.outputType(0).shape else {
            return .barrier("the rank of its output is unknown")
        }
        guard target(site, [:]) != nil else { return .barrier("its target shape is computed at run time") }
        var coupling = ChannelCoupling()
        for axis in output.indices {
            guard let size = output[axis].size else { continue }
            let own = axis - (output.count - input.count)
            if own >= 0, input[own].size == size {
                coupling.links.append(.init(.init(.input(0), own), .init(.output(0), axis), count: size))
            } else {
                coupling.free.append(.init(.output(0), axis))
            }
        }
        return coupling
    }

    static func narrowed(_ site: OperatorSite, _ selection: ChannelSelection) throws(CNNOptError) -> NodeEdit {
        guard let output = site.outputType(0).shape else { return NodeEdit() }
        var sizes: [Int: Int] = [:]
        for axis in output.indices { if let kept = selection.kept(.output(0), axis) { sizes[axis] = kept.count } }
        guard !sizes.isEmpty else { return NodeEdit() }
        guard let target = target(site, sizes) else {
            throw site.failure(.unsupported, "its target shape is computed at run time")
        }
        return NodeEdit(constants: [1: try TensorData(target.map(Int64.init))])
    }

    static func forwardedInput(_ site: OperatorSite) throws(CNNOptError) -> Int? { site.hasSameShape(0) ? 0 : nil }

    static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        guard fragment.wants(0) else { return }
        fragment.set(
            try fragment.summed(
                try fragment.gradient(),
                from: try fragment.outputSizes(),
                to: try fragment.inputSizes(0)
            ),
            for: 0
        )
    }
}
