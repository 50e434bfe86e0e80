import GraphIR
import Tensors

/// The upper or lower triangle of each matrix, with zeros beyond its k-th diagonal.
enum Trilu: Operator {
    static let schema = OperatorSchema("Trilu", versions: [14], inputs: 1...2)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] { [site.type(0)] }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let isUpper = try site.int("upper", default: 1) != 0
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let data = try inputs.required(0)
            guard data.shape.count >= 2 else {
                throw CNNOptError(.invalidModel, "a tensor of rank \(data.shape.count) where matrices are needed")
            }
            let (rows, columns) = (data.shape[data.shape.count - 2], data.shape[data.shape.count - 1])
            let k = min(max(try inputs.integers(1)?.first ?? 0, -rows), columns)
            return try ElementMoving.run([data]) { (sources) throws(CNNOptError) in
                var result = sources[0]
                let width = result.elementType.bitWidth / 8
                try result.withMutableBytes { (bytes) throws(CNNOptError) in
                    guard !bytes.isEmpty else { return }
                    for line in 0..<bytes.count / (columns * width) {
                        let edge = min(max(line % rows + k + (isUpper ? 0 : 1), 0), columns)
                        let cleared = isUpper ? 0..<edge : edge..<columns
                        for byte in cleared.lowerBound * width..<cleared.upperBound * width {
                            bytes[line * columns * width + byte] = 0
                        }
                    }
                }
                return [result]
            }
        }
    }

    /// The matrices' own axes cannot shrink: the diagonal would move.
    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let shape = site.shape(0) else { return .barrier("the rank of its input is unknown") }
        return .mapping(shape, shape.indices.dropLast(2).map { (input: $0, output: $0) })
    }
}
