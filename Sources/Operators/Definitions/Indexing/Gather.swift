import GraphIR
import Tensors

/// Entries picked along one axis: the indices' axes take that axis's place.
enum Gather: Operator {
    static let schema = OperatorSchema("Gather", versions: [1, 11, 13], inputs: 2...2)
    static var traits: OperatorTraits { [.movesData, .isQuantizable] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        guard let data = site.shape(0), let indices = site.shape(1) else {
            return [TensorType(site.elementType(0), nil)]
        }
        let axis = try AxisNumbers.normalized(site.int("axis", default: 0), rank: data.count)
        return [TensorType(site.elementType(0), data[..<axis] + indices + data[(axis + 1)...])]
    }

    static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] {
        guard let all = site.shapeElements(0), !all.isScalar, let indices = site.shapeElements(1) else { return [] }
        var result: [Dimension] = []
        for index in indices.elements {
            guard case .known(let index) = index, index >= -all.elements.count, index < all.elements.count else {
                result.append(.unknown)
                continue
            }
            result.append(all.elements[index < 0 ? index + all.elements.count : index])
        }
        return [ShapeElements(result, isScalar: indices.isScalar)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let attribute = try site.int("axis", default: 0)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let (data, indices) = (try inputs.required(0), try inputs.required(1))
            let axis = try AxisNumbers.normalized(attribute, rank: data.shape.count)
            let places = try inputs.requiredIntegers(1)
            let shape = data.shape[..<axis] + indices.shape + data.shape[(axis + 1)...]
            try IndexedCopy.check(Array(shape), data.elementType)
            let (strides, size) = (rowMajorStrides(data.shape), data.shape[axis])
            var copy: [IndexedCopy.Axis] = []
            for k in data.shape.indices {
                if k == axis {
                    var listed: [Int] = []
                    listed.reserveCapacity(places.count)
                    for place in places {
                        guard place >= -size, place < size else {
                            throw CNNOptError(.invalidModel, "index \(place) is outside an axis of \(size)")
                        }
                        listed.append((place < 0 ? place + size : place) * strides[k])
                    }
                    copy.append(.listed(listed))
                } else {
                    copy.append(.strided(start: 0, step: strides[k], count: data.shape[k]))
                }
            }
            return [try IndexedCopy(axes: copy).run(data, threads: threads).reshaped(Array(shape))]
        }
    }

    /// The other axes of the data, and the axes of the indices, are axes of the output.
    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let data = site.shape(0), let indices = site.shape(1) else {
            return .barrier("the rank of its input is unknown")
        }
        let axis = try AxisNumbers.normalized(site.int("axis", default: 0), rank: data.count)
        var coupling = ChannelCoupling.mapping(
            data,
            data.indices.filter { $0 != axis }.map { (input: $0, output: $0 < axis ? $0 : $0 - 1 + indices.count) }
        )
        for (k, dimension) in indices.enumerated() {
            guard let size = dimension.size else { continue }
            coupling.links.append(.init(.init(.input(1), k), .init(.output(0), axis + k), count: size))
        }
        return coupling
    }
}
