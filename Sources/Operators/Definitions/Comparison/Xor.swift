import GraphIR
import Tensors

/// Whether exactly one of the inputs holds, with broadcasting.
enum Xor: LogicalOperator {
    static let schema = OperatorSchema("Xor", versions: [1, 7], inputs: 2...2)

    static func apply(_ a: TensorData, _ b: TensorData, threads: Int) throws(CNNOptError) -> TensorData {
        try BroadcastWalk.flags(UInt8.self, a, b, threads) { ($0 != 0) != ($1 != 0) }
    }
}
