import GraphIR
import Tensors

/// The remainder of a / b, with broadcasting: with the divisor's sign, or with the dividend's where `fmod` is 1.
enum Mod: BinaryOperator {
    static let schema = OperatorSchema("Mod", versions: [10, 13], inputs: 2...2)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> BinaryFunction {
        let truncates = try site.int("fmod", default: 0) != 0
        if !truncates, site.elementType(0)?.isFloat == true {
            throw site.failure(.invalidModel, "the remainder of floats needs the attribute fmod=1")
        }
        return BinaryFunction(
            float: { Mathematics.fmod($0, $1) },
            double: { Mathematics.fmod($0, $1) },
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
