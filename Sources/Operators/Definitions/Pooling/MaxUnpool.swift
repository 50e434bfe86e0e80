import GraphIR
import Tensors

/// Elements put back to where a ``MaxPool`` took them from, zeros elsewhere.
enum MaxUnpool: Operator {
    static let schema = OperatorSchema("MaxUnpool", versions: [9, 11, 22], inputs: 2...3)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let type = site.elementType(0)
        if site.has(2) { return [TensorType(type, site.shapeElements(2)?.elements)] }
        guard let x = site.shape(0) else { return [TensorType(type, nil)] }
        guard let sizes = x.sizes else {
            return [TensorType(type, [x[0]] + Shape(repeating: .unknown, count: x.count - 1))]
        }
        return [TensorType(type, Shape(sizes: try pooledShape(Windows(site), sizes)))]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let windows = try Windows(site)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let (x, indices) = (try inputs.required(0), try inputs.requiredIntegers(1))
            let pooled = try pooledShape(windows, x.shape)
            let shape = inputs.optional(2) == nil ? pooled : try inputs.requiredVector(2)
            try IndexedCopy.check(shape, x.elementType)
            guard indices.count == x.count, shape.count == pooled.count, let count = checkedProduct(pooled) else {
                throw CNNOptError(.invalidModel, "\(indices.count) indices for an input of shape \(x.shape)")
            }
            // Indices count in the shape that the window's attributes give, whatever shape is asked for.
            let (from, to) = (rowMajorStrides(pooled), rowMajorStrides(shape))
            var places: [Int] = []
            for index in indices {
                guard (0..<count).contains(index) else {
                    throw CNNOptError(.invalidData, "index \(index) is outside \(pooled)")
                }
                var place = 0
                for axis in pooled.indices {
                    let position = index / from[axis] % pooled[axis]
                    guard position < shape[axis] else {
                        throw CNNOptError(.invalidData, "index \(index) is outside \(shape)")
                    }
                    place += position * to[axis]
                }
                places.append(place)
            }
            let zeros = try TensorData(zeros: x.elementType, shape: shape)
            return [try Scattering.none.write(x, into: zeros, at: places, block: 1)]
        }
    }

    /// The shape that the pool had as its input.
    private static func pooledShape(_ windows: Windows, _ shape: [Int]) throws(CNNOptError) -> [Int] {
        guard let kernel = windows.kernel, shape.count == kernel.count + 2 else {
            throw CNNOptError(.invalidModel, "an input of shape \(shape) under a window of \(windows.kernel ?? [])")
        }
        var result = Array(shape[..<2])
        let strides = windows.strides ?? kernel.map { _ in 1 }
        var pads = kernel.map { _ in 0 }
        if case .explicit(let given?) = windows.padding {
            guard given.count == 2 * kernel.count else { throw CNNOptError(.invalidModel, "\(given.count) pads") }
            for axis in pads.indices { pads[axis] = given[axis] + given[axis + kernel.count] }
        }
        guard strides.count == kernel.count else { throw CNNOptError(.invalidModel, "\(strides.count) strides") }
        for axis in kernel.indices {
            guard shape[axis + 2] <= Windows.limit else {
                throw CNNOptError(.unsupported, "a spatial axis of \(shape[axis + 2]) elements")
            }
            // At most 2³¹·2³¹ and a few 2³¹: no overflow.
            let size = (shape[axis + 2] - 1) * strides[axis] + kernel[axis] - pads[axis]
            guard size >= 1, size <= Windows.limit else {
                throw CNNOptError(.invalidModel, "a spatial axis of \(size) elements")
            }
            result.append(size)
        }
        return result
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its indices count over all channels")
    }
}
