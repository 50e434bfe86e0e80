import GraphIR
import Tensors

/// An operator that answers a question about every element of one input.
package protocol FlagOperator: Operator {
    /// A bool tensor of the input's shape.
    static func apply(_ input: TensorData, _ site: OperatorSite) throws(CNNOptError) -> TensorData
}

extension FlagOperator {
    package static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        ReorderedNode()
    }

    package static var traits: OperatorTraits { [.elementwise] }

    package static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        [TensorType(.bool, site.shape(0))]
    }

    package static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling { .identity(site) }

    package static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        ReferenceKernel { (inputs, _) throws(CNNOptError) in [try apply(inputs.required(0), site)] }
    }
}

extension TensorData {
    /// A bool for every element.
    @inline(__always)
    func flags<T: TensorScalar>(_ type: T.Type, _ holds: (T) -> Bool) throws(CNNOptError) -> TensorData {
        try withElements(T.self) { (source) throws(CNNOptError) in
            try TensorData.make(UInt8.self, as: .bool, shape: shape) { (target) throws(CNNOptError) in
                for i in source.indices { target[i] = holds(source[i]) ? 1 : 0 }
            }
        }
    }
}
