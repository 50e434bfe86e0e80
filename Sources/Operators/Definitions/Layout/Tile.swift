import GraphIR
import Tensors

/// The input repeated along each axis.
enum Tile: Operator {
    static let schema = OperatorSchema("Tile", versions: [6, 13], inputs: 2...2)
    static var traits: OperatorTraits { [.movesData, .repeats] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        guard let shape = site.shape(0) else { return [TensorType(site.elementType(0), nil)] }
        guard let repeats = site.shapeElements(1)?.elements else {
            return [TensorType(site.elementType(0), Shape(repeating: .unknown, count: shape.count))]
        }
        guard repeats.count == shape.count else {
            throw site.failure(.invalidModel, "\(repeats.count) repeats for a tensor of rank \(shape.count)")
        }
        return [TensorType(site.elementType(0), zip(shape, repeats).map { DimensionProduct([$0, $1]).dimension })]
    }

    static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        guard let repeats = site.integers(1), repeats.count == order.rank else { return nil }
        return ReorderedNode(
            edit: NodeEdit(constants: [1: try TensorData(order.moved(repeats).map(Int64.init))])
        )
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let data = try inputs.required(0)
            let repeats = try inputs.requiredVector(1)
            guard repeats.count == data.shape.count else {
                throw CNNOptError(.invalidModel, "\(repeats.count) repeats for a tensor of rank \(data.shape.count)")
            }
            // Each axis as two: the repeats, which read the same place, and the axis itself.
            var (axes, shape): ([IndexedCopy.Axis], [Int]) = ([], [])
            let strides = rowMajorStrides(data.shape)
            for axis in data.shape.indices {
                guard let size = checkedProduct([repeats[axis], data.shape[axis]]) else {
                    throw CNNOptError(.invalidModel, "repeats \(repeats) of shape \(data.shape)")
                }
                shape.append(size)
                axes.append(.strided(start: 0, step: 0, count: repeats[axis]))
                axes.append(.strided(start: 0, step: strides[axis], count: data.shape[axis]))
            }
            try IndexedCopy.check(shape, data.elementType)
            return [try IndexedCopy(axes: axes).run(data, threads: threads).reshaped(shape)]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let shape = site.shape(0), let repeats = site.integers(1), repeats.count == shape.count else {
            return .barrier("its repeats are computed at run time")
        }
        var coupling = ChannelCoupling()
        for (axis, dimension) in shape.enumerated() where repeats[axis] > 0 {
            guard let size = dimension.size else { continue }
            coupling.links.append(
                .init(.init(.input(0), axis), .init(.output(0), axis), count: size, outer: repeats[axis])
            )
        }
        return coupling
    }

    static func forwardedInput(_ site: OperatorSite) throws(CNNOptError) -> Int? {
        guard let repeats = site.integers(1), repeats.count == site.shape(0)?.count else { return nil }
        return repeats.allSatisfy { $0 == 1 } ? 0 : nil
    }
}
