import GraphIR
import Tensors

/// A tensor of a given shape that holds one value everywhere; 0 of type float where no value is given.
enum ConstantOfShape: Operator {
    static let schema = OperatorSchema("ConstantOfShape", versions: [9, 20, 21, 23, 24], inputs: 1...1)

    private static func value(_ site: OperatorSite) throws(CNNOptError) -> TensorData {
        guard let value = try site.tensor("value") else { return try TensorData([0] as [Float]) }
        guard value.count == 1 else { throw site.failure(.invalidModel, "its value has \(value.count) elements") }
        return value
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let type = try value(site).elementType
        if let elements = site.shapeElements(0)?.elements { return [TensorType(type, elements)] }
        let rank = site.shape(0)?.first?.size
        return [TensorType(type, rank.flatMap { $0 <= 64 ? Shape(repeating: .unknown, count: $0) : nil })]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let value = try value(site)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let shape = try inputs.requiredVector(0)
            try IndexedCopy.check(shape, value.elementType)
            let axes = shape.map { IndexedCopy.Axis.strided(start: 0, step: 0, count: $0) }
            return [try IndexedCopy(axes: axes).run(value, threads: threads)]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let sizes = site.integers(0) else { return .barrier("its shape is computed at run time") }
        return ChannelCoupling(free: sizes.indices.map { .init(.output(0), $0) })
    }

    static func narrowed(_ site: OperatorSite, _ selection: ChannelSelection) throws(CNNOptError) -> NodeEdit {
        guard var sizes = site.integers(0) else { return NodeEdit() }
        let old = sizes
        for axis in sizes.indices { if let kept = selection.kept(.output(0), axis) { sizes[axis] = kept.count } }
        return sizes == old ? NodeEdit() : NodeEdit(constants: [0: try TensorData(sizes.map(Int64.init))])
    }
}
