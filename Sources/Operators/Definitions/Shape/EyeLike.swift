import GraphIR
import Tensors

/// A matrix of the input's shape with ones on its k-th diagonal and zeros elsewhere.
enum EyeLike: Operator {
    static let schema = OperatorSchema("EyeLike", versions: [9, 22], inputs: 1...1)

    private static func elementType(_ site: OperatorSite) throws(CNNOptError) -> ElementType? {
        guard let number = try site.int("dtype") else { return nil }
        guard let type = Int32(exactly: number).flatMap(ElementType.init(rawValue:)) else {
            throw site.failure(.unsupported, "element type \(number)")
        }
        return type
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        [TensorType(try elementType(site) ?? site.elementType(0), site.shape(0))]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let wanted = try elementType(site)
        let diagonal = try site.int("k", default: 0)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let input = try inputs.required(0)
            guard input.shape.count == 2 else {
                throw CNNOptError(.invalidModel, "a tensor of rank \(input.shape.count) where a matrix is needed")
            }
            guard input.count > 0 else {
                return [try TensorData(zeros: wanted ?? input.elementType, shape: input.shape)]
            }
            let (rows, columns) = (input.shape[0], input.shape[1])
            let k = min(max(diagonal, -rows), columns)
            let values = try TensorData([0, 1] as [Float]).cast(to: wanted ?? input.elementType)
            var places = [Int](repeating: 0, count: input.count)
            for row in 0..<rows where (0..<columns).contains(row + k) { places[row * columns + row + k] = 1 }
            return [try FlatPlaces.pick(values, places, shape: input.shape)]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its diagonal would move")
    }
}
