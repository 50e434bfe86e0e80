import GraphIR
import Tensors

/// a + b, with broadcasting.
enum Add: BinaryOperator {
    static let schema = OperatorSchema("Add", versions: [1, 6, 7, 13, 14], inputs: 2...2)
    static var traits: OperatorTraits { [.elementwise, .isQuantizable, .isSum, .broadcasts] }

    static func function(_ site: OperatorSite) throws(CNNOptError) -> BinaryFunction {
        BinaryFunction(float: { $0 + $1 }, double: { $0 + $1 }, integer: { $0 &+ $1 })
    }

    static func affine(_ constant: Double, at port: Int) -> (scale: Double, shift: Double)? {
        (1, constant)
    }

    static func constant(scale: Double, shift: Double, at port: Int) -> Double? {
        scale == 1 ? shift : nil
    }

    static func combine(_ a: Dimension, _ b: Dimension, _ type: ElementType) -> Dimension? {
        ShapeArithmetic.add(a, b, type)
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        site.opset < 7 ? nil : .binary(.add)
    }

    static func partialGradient(
        of port: Int,
        _ gradient: GradientFragment.Operand,
        _ site: OperatorSite,
        _ fragment: inout GradientFragment
    ) throws(CNNOptError) -> GradientFragment.Operand? { gradient }
}
