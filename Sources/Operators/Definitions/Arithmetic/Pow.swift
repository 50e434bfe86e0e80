import GraphIR
import Tensors

/// aᵇ, with broadcasting; the output has a's element type, b may have another one.
enum Pow: BroadcastOperator {
    static let schema = OperatorSchema("Pow", versions: [1, 7, 12, 13, 15], inputs: 2...2)

    static func outputElementType(_ site: OperatorSite) -> ElementType? { site.elementType(0) }

    static func pairKernel(_ site: OperatorSite) throws(CNNOptError)
        -> @Sendable (TensorData, TensorData, Int) throws(CNNOptError) -> TensorData
    {
        let function = BinaryFunction(
            float: { $1 == 2 ? $0 * $0 : Mathematics.pow($0, $1) },
            double: { Mathematics.pow($0, $1) },
            integer: { (base, exponent) throws(CNNOptError) in wholePower(base, exponent) },
            unsigned: { (base, exponent) throws(CNNOptError) in
                UInt64(bitPattern: wholePower(Int64(bitPattern: base), Int64(clamping: exponent)))
            }
        )
        return { (base, exponent, threads) throws(CNNOptError) in
            let type = base.elementType
            if type.isInteger, exponent.elementType.isFloat {
                let power = try function.apply(base.cast(to: .float64), exponent.cast(to: .float64), threads: threads)
                return try power.cast(to: type)
            }
            return try function.apply(base, exponent.cast(to: type), threads: threads)
        }
    }

    /// By repeated squaring; what overflows wraps. A negative exponent gives the reciprocal cut towards zero (0 for base 0).
    private static func wholePower(_ base: Int64, _ exponent: Int64) -> Int64 {
        if exponent < 0 { return base == 1 || (base == -1 && exponent & 1 == 0) ? 1 : base == -1 ? -1 : 0 }
        var (result, square, rest) = (Int64(1), base, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result = result &* square }
            square = square &* square
            rest >>= 1
        }
        return result
    }
}
