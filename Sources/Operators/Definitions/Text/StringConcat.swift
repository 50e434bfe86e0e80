import GraphIR
import Tensors

/// The strings of two tensors that broadcast, one behind the other.
enum StringConcat: BroadcastOperator {
    static let schema = OperatorSchema("StringConcat", versions: [20], inputs: 2...2)

    static func pairKernel(_ site: OperatorSite) throws(CNNOptError)
        -> @Sendable (TensorData, TensorData, Int) throws(CNNOptError) -> TensorData
    {
        { (a, b, _) throws(CNNOptError) in
            guard let left = a.strings, let right = b.strings else {
                throw CNNOptError(
                    .invalidModel,
                    "element types \(a.elementType.onnxName) and \(b.elementType.onnxName)"
                )
            }
            let walk = try BroadcastWalk(a.shape, b.shape)
            try IndexedCopy.check(walk.shape, .float64)
            var joined: [[UInt8]] = []
            for run in 0..<walk.runs {
                let (i, j) = walk.offsets(of: run)
                for k in 0..<walk.innerCount { joined.append(left[i + k * walk.innerA] + right[j + k * walk.innerB]) }
            }
            return try TensorData(strings: joined, shape: walk.shape)
        }
    }
}
