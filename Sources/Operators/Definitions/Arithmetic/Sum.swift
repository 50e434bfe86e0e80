import GraphIR
import Tensors

/// The sum of any number of tensors, with broadcasting.
enum Sum: VariadicOperator {
    static let schema = OperatorSchema("Sum", versions: [1, 6, 8, 13], inputs: 1...Int.max)
    static var traits: OperatorTraits { [.elementwise, .isSum, .broadcasts] }

    static func function(_ site: OperatorSite) throws(CNNOptError) -> BinaryFunction {
        BinaryFunction(float: { $0 + $1 }, double: { $0 + $1 })
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        site.inputs.count == 2 && site.opset >= 8 ? .binary(.add) : nil
    }

    static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        let gradient = try fragment.gradient()
        for port in site.inputs.indices {
            try fragment.set(for: port) { (fragment) throws(CNNOptError) in
                try fragment.summed(gradient, from: try fragment.outputSizes(), to: try fragment.inputSizes(port))
            }
        }
    }
}
