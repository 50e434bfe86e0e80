import GraphIR
import Tensors

/// x·(x/6 + ½, clamped to 0…1). Howard et al., 2019.
enum HardSwish: UnaryOperator {
    static let schema = OperatorSchema("HardSwish", versions: [14, 22], inputs: 1...1)

    static var compounds: [Compound] {
        let x = CompoundPattern.operand(0)
        return [
            Compound(
                .product([x, .number(1.0 / 6), .clamp(.sum([x, .number(3)]), low: .number(0), high: .number(6))])
            ),
            Compound(.product([x, .node(HardSigmoid.self, [x], name: "gate")])) { (match) throws(CNNOptError) in
                guard let gate = match.sites["gate"],
                    CompoundMatch.isRounded(Double(try gate.float("alpha", default: 0.2)), 1.0 / 6),
                    CompoundMatch.isRounded(Double(try gate.float("beta", default: 0.5)), 0.5)
                else { return nil }
                return []
            },
        ]
    }

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { $0 * Mathematics.smaller(Mathematics.larger($0 / 6 + 0.5, 0), 1) },
            double: { $0 * Mathematics.smaller(Mathematics.larger($0 / 6 + 0.5, 0), 1) }
        )
    }

    static func elementary(_ site: OperatorSite) throws(CNNOptError) -> ElementaryFunction? {
        .hardSwish
    }

    static func derivative(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError)
        -> GradientFragment.Operand?
    {
        let gate = fragment.add(
            "HardSigmoid",
            [.input(0)],
            [Attribute("alpha", Float(1) / 6), Attribute("beta", Float(0.5))]
        )
        guard let inside = try fragment.inside(.input(0), -3, 3) else { return nil }
        let slope = try fragment.product(fragment.product(.input(0), inside), 1.0 / 6)
        return fragment.sum(gate, slope)
    }
}
