import GraphIR
import Tensors

/// The same bits read as elements of another type of the same width.
enum BitCast: Operator {
    static let schema = OperatorSchema("BitCast", versions: [26], inputs: 1...1)
    static var traits: OperatorTraits { [.elementwise] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let target = try target(site)
        if let type = site.elementType(0), type.bitWidth != target.bitWidth {
            throw site.failure(.invalidModel, "\(type.onnxName) and \(target.onnxName) differ in width")
        }
        return [TensorType(target, site.shape(0))]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let target = try target(site)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let x = try inputs.required(0)
            guard x.elementType.bitWidth == target.bitWidth, let storage = x.storage else {
                throw CNNOptError(.invalidModel, "\(x.elementType.onnxName) and \(target.onnxName) differ in width")
            }
            return [try TensorData(elementType: target, shape: x.shape, storage: storage)]
        }
    }

    private static func target(_ site: OperatorSite) throws(CNNOptError) -> ElementType {
        guard let number = try site.int("to"), let raw = Int32(exactly: number), let type = ElementType(rawValue: raw),
            type != .string
        else { throw site.failure(.invalidModel, "attribute 'to' names no type of fixed width") }
        return type
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling { .identity(site) }
}
