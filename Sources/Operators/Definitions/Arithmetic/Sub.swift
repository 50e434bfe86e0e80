import GraphIR
import Tensors

/// a − b, with broadcasting.
enum Sub: BinaryOperator {
    static let schema = OperatorSchema("Sub", versions: [1, 6, 7, 13, 14], inputs: 2...2)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> BinaryFunction {
        BinaryFunction(float: { $0 - $1 }, double: { $0 - $1 }, integer: { $0 &- $1 })
    }

    static func affine(_ constant: Double, at port: Int) -> (scale: Double, shift: Double)? {
        port == 1 ? (1, -constant) : (-1, constant)
    }

    static func constant(scale: Double, shift: Double, at port: Int) -> Double? {
        port == 1 ? (scale == 1 ? -shift : nil) : (scale == -1 ? shift : nil)
    }

    static func combine(_ a: Dimension, _ b: Dimension, _ type: ElementType) -> Dimension? {
        ShapeArithmetic.subtract(a, b, type)
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        site.opset < 7 ? nil : .binary(.subtract)
    }

    static func partialGradient(
        of port: Int,
        _ gradient: GradientFragment.Operand,
        _ site: OperatorSite,
        _ fragment: inout GradientFragment
    ) throws(CNNOptError) -> GradientFragment.Operand? { port == 0 ? gradient : fragment.add("Neg", [gradient]) }
}
