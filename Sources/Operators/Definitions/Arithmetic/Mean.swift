import GraphIR
import Tensors

/// The mean of any number of tensors, element by element, with broadcasting.
enum Mean: VariadicOperator {
    static let schema = OperatorSchema("Mean", versions: [1, 6, 8, 13], inputs: 1...Int.max)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> BinaryFunction {
        BinaryFunction(float: { $0 + $1 }, double: { $0 + $1 })
    }

    static func finish(_ total: TensorData, _ count: Int, threads: Int) throws(CNNOptError) -> TensorData {
        let (divisor, wide) = (Float(count), Double(count))
        return try UnaryFunction(float: { $0 / divisor }, double: { $0 / wide }).apply(to: total, threads: threads)
    }
}
