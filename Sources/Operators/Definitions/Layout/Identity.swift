import GraphIR
import Tensors

/// The input itself.
enum Identity: Operator {
    static let schema = OperatorSchema("Identity", versions: [1, 13, 14, 16, 19, 21, 23, 24], inputs: 1...1)
    static var traits: OperatorTraits { [.movesData, .isIdentity, .elementwise, .isQuantizable] }

    static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        ReorderedNode()
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] { [site.type(0)] }

    static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] { [site.shapeElements(0)] }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        ReferenceKernel { (inputs, _) throws(CNNOptError) in [try inputs.required(0)] }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling { .identity(site) }
}
