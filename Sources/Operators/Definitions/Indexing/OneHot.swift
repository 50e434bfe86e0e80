import GraphIR
import Tensors

/// For each index a vector that holds the second value at the index and the first everywhere else.
enum OneHot: Operator {
    static let schema = OperatorSchema("OneHot", versions: [9, 11], inputs: 3...3)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        guard var shape = site.shape(0) else { return [TensorType(site.elementType(2), nil)] }
        let axis = try AxisNumbers.normalized(site.int("axis", default: -1), rank: shape.count + 1)
        shape.insert(site.shapeElements(1)?.elements.first ?? .unknown, at: axis)
        return [TensorType(site.elementType(2), shape)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let attribute = try site.int("axis", default: -1)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let (indices, values) = (try inputs.required(0), try inputs.required(2))
            let depths = try inputs.required(1).doubles()
            guard depths.count == 1, let depth = Int(exactly: depths[0].rounded(.towardZero)), depth >= 0,
                values.count == 2
            else { throw CNNOptError(.invalidModel, "depth is not one number, or values are not two") }
            var shape = indices.shape
            let axis = try AxisNumbers.normalized(attribute, rank: shape.count + 1)
            shape.insert(depth, at: axis)
            try IndexedCopy.check(shape, .int64)
            let inner = checkedProduct(indices.shape[axis...]) ?? 0
            var places = [Int](repeating: 0, count: checkedProduct(shape) ?? 0)
            // Indices count from the end where they are negative; those outside the depth light nothing.
            for (i, value) in try indices.doubles().enumerated() {
                guard let index = Int(exactly: value.rounded(.towardZero)), index >= -depth, index < depth else {
                    continue
                }
                let row = i / inner * depth + (index < 0 ? index + depth : index)
                places[row * inner + i % inner] = 1
            }
            return [try FlatPlaces.pick(values, places, shape: shape)]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its input holds indices")
    }
}
