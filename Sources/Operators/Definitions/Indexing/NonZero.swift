import GraphIR
import Tensors

/// The coordinates of all elements that are not zero, one column for each.
enum NonZero: Operator {
    static let schema = OperatorSchema("NonZero", versions: [9, 13], inputs: 1...1)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let rank = site.shape(0).map { Dimension.known(max(1, $0.count)) } ?? .unknown
        return [TensorType(.int64, [rank, .unknown])]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let data = try inputs.required(0)
            // A scalar counts as a vector of one element.
            let shape = data.shape.isEmpty ? [1] : data.shape
            // A string counts where it holds something.
            let values = if let strings = data.strings { strings.map { Double($0.count) } } else { try data.doubles() }
            let found = values.indices.filter { values[$0] != 0 }
            let strides = rowMajorStrides(shape)
            var rows: [Int64] = []
            for axis in shape.indices { for place in found { rows.append(Int64(place / strides[axis] % shape[axis])) } }
            return [try TensorData(rows, shape: [shape.count, found.count])]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its output holds coordinates")
    }
}
