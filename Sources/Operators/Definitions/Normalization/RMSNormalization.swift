import GraphIR
import Tensors

/// All axes from one on divided by the root of their mean square, then scaled. Zhang and Sennrich, 2019.
enum RMSNormalization: Operator {
    static let schema = OperatorSchema("RMSNormalization", versions: [23], inputs: 2...2)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        if let shape = site.shape(0) { _ = try site.normalizedAxis(site.int("axis", default: -1), rank: shape.count) }
        return [TensorType(site.elementType(1) ?? site.elementType(0), site.shape(0))]
    }

    static var compounds: [Compound] {
        let x = CompoundPattern.operand(0)
        let squares: [CompoundPattern] = [.node(Pow.self, [x, .number(2)]), .product([x, x])]
        let patterns = squares.flatMap { squares -> [CompoundPattern] in
            let mean = CompoundPattern.node(ReduceMean.self, [squares], name: "mean")
            let root = CompoundPattern.node(Sqrt.self, [.sum([.anyNumber("epsilon"), mean])])
            return [
                .product([.operand(1), .node(Div.self, [x, root])]),
                .product([.operand(1), x, .node(Reciprocal.self, [root])]),
                .product([.operand(1), x, .node(Div.self, [.number(1), root])]),
            ]
        }
        return patterns.map { pattern in
            Compound(pattern) { (match) throws(CNNOptError) in
                guard let axis = try match.normalizedAxis(["mean"], parameters: 1...1),
                    let epsilon = match.numbers["epsilon"], epsilon >= 0
                else { return nil }
                return [Attribute("axis", axis), Attribute("epsilon", Float(epsilon))]
            }
        }
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let declared = try site.int("axis", default: -1)
        let epsilon = Double(try site.float("epsilon", default: 1e-5))
        let multiply = BinaryFunction(float: { $0 * $1 }, double: { $0 * $1 })
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let (x, scale) = (try inputs.required(0), try inputs.required(1))
            let axis = try site.normalizedAxis(declared, rank: x.shape.count)
            let length = x.shape[axis...].reduce(1, &*)
            var normal = try x.cast(to: .float64)
            try normal.withMutableElements(Double.self) { (values) throws(CNNOptError) in
                guard length > 0 else { return }
                for row in 0..<values.count / length {
                    let range = row * length..<(row + 1) * length
                    let squares = range.reduce(0) { $0 + values[$1] * values[$1] }
                    let factor = 1 / (squares / Double(length) + epsilon).squareRoot()
                    for i in range { values[i] *= factor }
                }
            }
            let result = try multiply.apply(normal, scale.cast(to: .float64), threads: threads)
            guard result.shape == x.shape else {
                throw CNNOptError(.invalidModel, "a scale of shape \(scale.shape) does not broadcast to \(x.shape)")
            }
            return [try result.cast(to: scale.elementType)]
        }
    }

    /// Axes in front of the normalised ones keep their channels.
    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let rank = site.shape(0)?.count else { return .barrier("the rank of its input is unknown") }
        let axis = try site.normalizedAxis(site.int("axis", default: -1), rank: rank)
        guard site.shape(1)?.count ?? rank <= rank - axis else { return .barrier("its scale reaches other axes") }
        var coupling = ChannelCoupling.identity(site)
        coupling.links.removeAll { $0.from.axis >= axis }
        return coupling
    }
}
