import GraphIR
import Tensors

/// `alpha`·x + `beta`, clamped to 0…1.
enum HardSigmoid: UnaryOperator {
    static let schema = OperatorSchema("HardSigmoid", versions: [1, 6, 22], inputs: 1...1)

    /// A clamp to 0…1 of a scaled and shifted input, or a clamp to another range that is scaled to 0…1 afterwards.
    static var compounds: [Compound] {
        let x = CompoundPattern.operand(0)
        let shifted = CompoundPattern.sum([x, .anyNumber("shift")])
        let scaled = CompoundPattern.sum([.product([x, .anyNumber("scale")]), .anyNumber("shift")])
        let scaledAfter = [shifted, x].map { inner in
            Compound(.product([.anyNumber("scale"), .clamp(inner, low: .number(0), high: .anyNumber("high"))])) {
                (match) in
                guard let scale = match.numbers["scale"], let high = match.numbers["high"], high > 0,
                    CompoundMatch.isRounded(scale * high, 1)
                else { return nil }
                let shift = match.numbers["shift"] ?? 0
                return [Attribute("alpha", Float(scale)), Attribute("beta", Float(shift * scale))]
            }
        }
        return scaledAfter + [
            Compound(.clamp(scaled, low: .number(0), high: .number(1))) { match in
                guard let scale = match.numbers["scale"], let shift = match.numbers["shift"] else { return nil }
                return [Attribute("alpha", Float(scale)), Attribute("beta", Float(shift))]
            }
        ]
    }

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        let alpha = try site.float("alpha", default: 0.2)
        let beta = try site.float("beta", default: 0.5)
        let alphaWide = Double(alpha)
        let betaWide = Double(beta)
        return UnaryFunction(
            floatLoop: { x, y, range in
                for i in range { y[i] = Mathematics.smaller(Mathematics.larger(alpha * x[i] + beta, 0), 1) }
            },
            doubleLoop: { x, y, range in
                for i in range { y[i] = Mathematics.smaller(Mathematics.larger(alphaWide * x[i] + betaWide, 0), 1) }
            }
        )
    }

    static func elementary(_ site: OperatorSite) throws(CNNOptError) -> ElementaryFunction? {
        .hardSigmoid(alpha: try site.float("alpha", default: 0.2), beta: try site.float("beta", default: 0.5))
    }

    static func derivative(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError)
        -> GradientFragment.Operand?
    {
        guard let inside = try fragment.inside(.output(0), 0, 1) else { return nil }
        return try fragment.product(inside, Double(try site.float("alpha", default: 0.2)))
    }
}
