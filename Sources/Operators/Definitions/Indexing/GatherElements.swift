import GraphIR
import Tensors

/// One element for each index: its coordinates are the index's, but along `axis` the index itself.
enum GatherElements: Operator {
    static let schema = OperatorSchema("GatherElements", versions: [11, 13], inputs: 2...2)
    static var traits: OperatorTraits { [.movesData] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        [TensorType(site.elementType(0), site.shape(1))]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let attribute = try site.int("axis", default: 0)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let (data, indices) = (try inputs.required(0), try inputs.required(1))
            let axis = try AxisNumbers.normalized(attribute, rank: data.shape.count)
            let places = try FlatPlaces.elements(
                inputs.requiredIntegers(1),
                indices.shape,
                axis: axis,
                of: data.shape
            )
            return [try FlatPlaces.pick(data, places, shape: indices.shape)]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its indices name single elements")
    }
}
