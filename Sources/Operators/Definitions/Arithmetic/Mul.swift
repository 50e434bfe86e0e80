import GraphIR
import Tensors

/// a · b, with broadcasting.
enum Mul: BinaryOperator {
    static let schema = OperatorSchema("Mul", versions: [1, 6, 7, 13, 14], inputs: 2...2)
    static var traits: OperatorTraits { [.elementwise, .isQuantizable, .isProduct, .broadcasts] }

    static func function(_ site: OperatorSite) throws(CNNOptError) -> BinaryFunction {
        BinaryFunction(float: { $0 * $1 }, double: { $0 * $1 }, integer: { $0 &* $1 })
    }

    static func affine(_ constant: Double, at port: Int) -> (scale: Double, shift: Double)? {
        (constant, 0)
    }

    static func constant(scale: Double, shift: Double, at port: Int) -> Double? {
        shift == 0 ? scale : nil
    }

    static func combine(_ a: Dimension, _ b: Dimension, _ type: ElementType) -> Dimension? {
        ShapeArithmetic.multiply(a, b, type)
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        site.opset < 7 ? nil : .binary(.multiply)
    }

    static func partialGradient(
        of port: Int,
        _ gradient: GradientFragment.Operand,
        _ site: OperatorSite,
        _ fragment: inout GradientFragment
    ) throws(CNNOptError) -> GradientFragment.Operand? { fragment.product(gradient, .input(1 - port)) }
}
