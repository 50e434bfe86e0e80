import GraphIR
import Tensors

/// The number of elements.
enum Size: Operator {
    static let schema = OperatorSchema("Size", versions: [1, 13, 19, 21, 23, 24], inputs: 1...1)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] { [TensorType(.int64, [])] }

    static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] {
        guard let shape = site.shape(0) else { return [] }
        return [ShapeElements([DimensionProduct(shape).dimension], isScalar: true)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        ReferenceKernel { (inputs, _) throws(CNNOptError) in
            [try TensorData([Int64(inputs.required(0).count)], shape: [])]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("the number of elements would change")
    }
}
