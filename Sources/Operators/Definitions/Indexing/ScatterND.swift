import GraphIR
import Tensors

/// The data with slices, named by tuples of indices, replaced by or combined with updates.
enum ScatterND: Operator {
    static let schema = OperatorSchema("ScatterND", versions: [11, 13, 16, 18], inputs: 3...3)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] { [site.type(0)] }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let scattering = try Scattering(site)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let (data, indices, updates) = (
                try inputs.required(0), try inputs.required(1), try inputs.required(2)
            )
            let (places, block) = try FlatPlaces.tuples(
                inputs.requiredIntegers(1),
                indices.shape,
                of: data.shape
            )
            guard updates.shape == Array(indices.shape.dropLast()) + block else {
                throw CNNOptError(.invalidModel, "updates of shape \(updates.shape) do not fit the indices")
            }
            return [try scattering.write(updates, into: data, at: places, block: checkedProduct(block) ?? 0)]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its indices name single slices")
    }
}
