import GraphIR
import Tensors

/// The input cropped or padded with zeros around its centre to given sizes, on all axes or those listed.
enum CenterCropPad: Operator {
    static let schema = OperatorSchema("CenterCropPad", versions: [18], inputs: 2...2)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        guard var shape = site.shape(0) else { return [TensorType(site.elementType(0), nil)] }
        let axes = try AxisNumbers.normalized(site.ints("axes") ?? Array(shape.indices), rank: shape.count)
        let target = site.shapeElements(1)?.elements
        guard target?.count ?? axes.count == axes.count else {
            throw site.failure(.invalidModel, "\(target?.count ?? 0) sizes for \(axes.count) axes")
        }
        for (i, axis) in axes.enumerated() { shape[axis] = target?[i] ?? .unknown }
        return [TensorType(site.elementType(0), shape)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let listed = try site.ints("axes")
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let data = try inputs.required(0)
            let target = try inputs.requiredVector(1)
            let axes = try AxisNumbers.normalized(listed ?? Array(data.shape.indices), rank: data.shape.count)
            guard target.count == axes.count else {
                throw CNNOptError(.invalidModel, "\(target.count) sizes for \(axes.count) axes")
            }
            var shape = data.shape
            for (i, axis) in axes.enumerated() { shape[axis] = target[i] }
            try IndexedCopy.check(shape, data.elementType)
            if shape.contains(0) { return [try TensorData(zeros: data.elementType, shape: shape)] }
            let strides = rowMajorStrides(data.shape)
            let copy = shape.indices.map { axis in
                let (size, wanted) = (data.shape[axis], shape[axis])
                guard size != wanted else {
                    return IndexedCopy.Axis.strided(start: 0, step: strides[axis], count: size)
                }
                let first = size > wanted ? (size - wanted) / 2 : -((wanted - size) / 2)
                return .listed(
                    (0..<wanted).map { (0..<size).contains($0 + first) ? ($0 + first) * strides[axis] : -1 }
                )
            }
            return [try IndexedCopy(axes: copy).run(data, threads: threads)]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let shape = site.shape(0) else { return .barrier("the rank of its input is unknown") }
        let axes = try AxisNumbers.normalized(site.ints("axes") ?? Array(shape.indices), rank: shape.count)
        return .mapping(shape, shape.indices.filter { !axes.contains($0) }.map { (input: $0, output: $0) })
    }
}
