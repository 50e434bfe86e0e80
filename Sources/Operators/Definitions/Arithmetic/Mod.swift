import GraphIR
import Tensors

/// The remainder of a / b, with broadcasting: with the divisor's sign, or with the dividend's where `fmod` is 1.
enum Mod: BinaryOperator {
    static let schema = OperatorSchema("Mod", versions: [10, 13, 28], inputs: 2...2)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> BinaryFunction {
        let truncates = try site.int("fmod", default: 0) != 0
        guard !truncates else {
            return function(truncates: true, { Mathematics.fmod($0, $1) }, { Mathematics.fmod($0, $1) })
        }
        if site.opset < 28, site.elementType(0)?.isFloat == true {
            throw site.failure(.invalidModel, "the remainder of floats needs the attribute fmod=1")
        }
        return function(
            truncates: false,
            { floored(Mathematics.fmod($0, $1), $1) },
            { floored(Mathematics.fmod($0, $1), $1) }
        )
    }

    /// The remainder with the divisor's sign from that with the dividend's; also a remainder of zero has it.
    @inline(__always)
    private static func floored<T: BinaryFloatingPoint>(_ remainder: T, _ divisor: T) -> T {
        if remainder == 0 { return T(signOf: divisor, magnitudeOf: 0) }
        return remainder.isNaN || (remainder < 0) == (divisor < 0) ? remainder : remainder + divisor
    }

    @inline(__always)
    private static func function(
        truncates: Bool,
        _ float: @escaping @Sendable (Float, Float) -> Float,
        _ double: @escaping @Sendable (Double, Double) -> Double
    ) -> BinaryFunction {
        BinaryFunction(
            float: float,
            double: double,
            integer: { (a, b) throws(CNNOptError) in
                guard b != 0 else { throw CNNOptError(.invalidData, "remainder of a division by the integer zero") }
                let remainder = a.remainderReportingOverflow(dividingBy: b).partialValue
                return truncates || remainder == 0 || (remainder < 0) == (b < 0) ? remainder : remainder &+ b
            },
            unsigned: { (a, b) throws(CNNOptError) in
                guard b != 0 else { throw CNNOptError(.invalidData, "remainder of a division by the integer zero") }
                return a % b
            }
        )
    }
}
