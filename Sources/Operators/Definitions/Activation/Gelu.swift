import GraphIR
import Tensors

/// x·Φ(x), Φ being the normal distribution function; `approximate` = tanh takes its usual approximation. Hendrycks and
/// Gimpel, 2016.
enum Gelu: UnaryOperator {
    static let schema = OperatorSchema("Gelu", versions: [20], inputs: 1...1)

    static var compounds: [Compound] {
        let x = CompoundPattern.operand(0)
        let gate = CompoundPattern.node(Erf.self, [.product([x, .number(0.5.squareRoot())])])
        let cubic = CompoundPattern.number(0.044715)
        let root = CompoundPattern.number((2 / Double.pi).squareRoot())
        let bent: [CompoundPattern] = [
            .product([root, .sum([x, .product([cubic, .node(Pow.self, [x, .number(3)])])])]),
            .product([root, .sum([x, .product([cubic, x, x, x])])]),
            .product([root, x, .sum([.number(1), .product([cubic, x, x])])]),
            .product([root, x, .sum([.number(1), .product([cubic, .node(Pow.self, [x, .number(2)])])])]),
        ]
        return [Compound(.product([x, .number(0.5), .sum([.number(1), gate])]))]
            + bent.map { bent in
                Compound(.product([x, .number(0.5), .sum([.number(1), .node(Tanh.self, [bent])])])) { _ in
                    [Attribute("approximate", "tanh")]
                }
            }
    }

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        switch try site.string("approximate", default: "none") {
        case "none":
            return UnaryFunction(
                float: { 0.5 * $0 * (1 + Mathematics.erf($0 * Float(0.5).squareRoot())) },
                double: { 0.5 * $0 * (1 + Mathematics.erf($0 * 0.5.squareRoot())) }
            )
        case "tanh":
            return UnaryFunction(
                float: {
                    0.5 * $0 * (1 + Mathematics.tanh((2 / Float.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0)))
                },
                double: {
                    0.5 * $0 * (1 + Mathematics.tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0)))
                }
            )
        case let other: throw site.failure(.invalidModel, "attribute 'approximate' is '\(other)', not none or tanh")
        }
    }

    static func elementary(_ site: OperatorSite) throws(CNNOptError) -> ElementaryFunction? {
        try site.string("approximate", default: "none") == "none" ? .gelu : nil
    }
}
