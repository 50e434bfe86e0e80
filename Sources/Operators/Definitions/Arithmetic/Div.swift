import GraphIR
import Tensors

/// a / b, with broadcasting; integers are divided towards zero.
enum Div: BinaryOperator {
    static let schema = OperatorSchema("Div", versions: [1, 6, 7, 13, 14], inputs: 2...2)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> BinaryFunction {
        BinaryFunction(
            float: { $0 / $1 },
            double: { $0 / $1 },
            integer: { (a, b) throws(CNNOptError) in
                guard b != 0 else { throw CNNOptError(.invalidData, "division by the integer zero") }
                // The smallest integer divided by −1 has no positive counterpart and wraps to itself.
                return a.dividedReportingOverflow(by: b).partialValue
            },
            unsigned: { (a, b) throws(CNNOptError) in
                guard b != 0 else { throw CNNOptError(.invalidData, "division by the integer zero") }
                return a / b
            }
        )
    }

    static func affine(_ constant: Double, at port: Int) -> (scale: Double, shift: Double)? {
        port == 1 && constant != 0 ? (1 / constant, 0) : nil
    }

    static func constant(scale: Double, shift: Double, at port: Int) -> Double? {
        port == 1 && shift == 0 && scale != 0 ? 1 / scale : nil
    }

    static func combine(_ a: Dimension, _ b: Dimension, _ type: ElementType) -> Dimension? {
        ShapeArithmetic.divide(a, b, type)
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        site.opset < 7 ? nil : .binary(.divide)
    }

    static func partialGradient(
        of port: Int,
        _ gradient: GradientFragment.Operand,
        _ site: OperatorSite,
        _ fragment: inout GradientFragment
    ) throws(CNNOptError) -> GradientFragment.Operand? {
        let quotient = fragment.add("Div", [gradient, .input(1)])
        return port == 0 ? quotient : try fragment.product(fragment.product(quotient, .output(0)), -1)
    }
}
