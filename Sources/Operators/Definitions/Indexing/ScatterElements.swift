import GraphIR
import Tensors

/// The data with single elements replaced by, or combined with, updates.
enum ScatterElements: Operator {
    static let schema = OperatorSchema("ScatterElements", versions: [11, 13, 16, 18], inputs: 3...3)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] { [site.type(0)] }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let attribute = try site.int("axis", default: 0)
        let scattering = try Scattering(site)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let (data, indices, updates) = (
                try inputs.required(0), try inputs.required(1), try inputs.required(2)
            )
            let axis = try AxisNumbers.normalized(attribute, rank: data.shape.count)
            guard indices.shape == updates.shape else {
                throw CNNOptError(
                    .invalidModel,
                    "indices \(indices.shape) and updates \(updates.shape) differ in shape"
                )
            }
            if let sums = try scattering.addedAlongVector(updates, to: data, at: indices) { return [sums] }
            let places = try FlatPlaces.elements(
                inputs.requiredIntegers(1),
                indices.shape,
                axis: axis,
                of: data.shape
            )
            return [try scattering.write(updates, into: data, at: places, block: 1)]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its indices name single elements")
    }
}
