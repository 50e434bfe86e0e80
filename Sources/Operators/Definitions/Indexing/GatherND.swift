import GraphIR
import Tensors

/// One slice of the data for each tuple of indices along the last axis.
enum GatherND: Operator {
    static let schema = OperatorSchema("GatherND", versions: [11, 12, 13], inputs: 2...2)
    static var traits: OperatorTraits { [.movesData] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let batch = try site.int("batch_dims", default: 0)
        guard let data = site.shape(0), let indices = site.shape(1), let length = indices.last?.size else {
            return [TensorType(site.elementType(0), nil)]
        }
        guard batch >= 0, batch < indices.count, length <= data.count - batch else {
            throw site.failure(.invalidModel, "tuples of \(length) indices do not fit a tensor of rank \(data.count)")
        }
        return [TensorType(site.elementType(0), indices.dropLast() + data[(batch + length)...])]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let batch = try site.int("batch_dims", default: 0)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let (data, indices) = (try inputs.required(0), try inputs.required(1))
            let (places, block) = try FlatPlaces.tuples(
                inputs.requiredIntegers(1),
                indices.shape,
                batchAxes: batch,
                of: data.shape
            )
            let shape = Array(indices.shape.dropLast()) + block
            return [try FlatPlaces.pick(data, places, block: checkedProduct(block) ?? 0, shape: shape)]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its indices name single slices")
    }
}
