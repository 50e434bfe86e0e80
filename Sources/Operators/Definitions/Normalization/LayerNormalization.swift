import GraphIR
import Tensors

/// All axes from one on brought to mean 0 and variance 1 together, then scaled and shifted; on request the means and
/// 1 / √(variance + epsilon).
enum LayerNormalization: Operator {
    static let schema = OperatorSchema("LayerNormalization", versions: [17], inputs: 2...3, outputs: 1...3)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        guard let shape = site.shape(0) else { return [site.type(0)] }
        let axis = try site.normalizedAxis(site.int("axis", default: -1), rank: shape.count)
        let reduced = Array(shape[..<axis]) + Shape(repeating: 1, count: shape.count - axis)
        let statistics = TensorType(site.elementType(0) == .float64 ? .float64 : .float32, reduced)
        return [site.type(0), statistics, statistics]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let declared = try site.int("axis", default: -1)
        let epsilon = Double(try site.float("epsilon", default: 1e-5))
        let wantsStatistics = site.node.outputs.count > 1
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let (source, type) = (try inputs.required(0), try inputs.required(0).elementType)
            let x = try HalfPrecision.widened(source)
            let axis = try site.normalizedAxis(declared, rank: x.shape.count)
            let length = x.shape[axis...].reduce(1, *)
            let rows = NormalizedRows(
                count: x.shape[..<axis].reduce(1, *),
                length: length,
                epsilon: epsilon,
                parameterLength: length,
                parameterRun: 1
            )
            let inner = Array(x.shape[axis...])
            let scale = try spread(inputs.required(1), to: inner)
            let bias = try inputs.optional(2).map { (bias) throws(CNNOptError) in try spread(bias, to: inner) }
            let (result, means, inverses) = try rows.run(x, scale: scale, bias: bias, threads: threads)
            let y = try HalfPrecision.narrowed(result, to: type)
            guard wantsStatistics else { return [y] }
            let reduced = Array(x.shape[..<axis]) + x.shape[axis...].map { _ in 1 }
            if type == .float64 {
                return [y, try TensorData(means, shape: reduced), try TensorData(inverses, shape: reduced)]
            }
            return [
                y, try TensorData(means.map { Float($0) }, shape: reduced),
                try TensorData(inverses.map { Float($0) }, shape: reduced),
            ]
        }
    }

    static var compounds: [Compound] {
        let x = CompoundPattern.operand(0)
        let distance = CompoundPattern.node(Sub.self, [x, .node(ReduceMean.self, [x], name: "mean")])
        let squares: [CompoundPattern] = [
            .node(Pow.self, [distance, .number(2)]), .product([distance, distance]),
        ]
        return squares.flatMap { squares in
            let deviation = CompoundPattern.node(
                Sqrt.self,
                [.sum([.anyNumber("epsilon"), .node(ReduceMean.self, [squares], name: "variance")])]
            )
            let normal = CompoundPattern.product([.operand(1), .node(Div.self, [distance, deviation])])
            return [.sum([normal, .operand(2)]), normal].map { pattern in
                Compound(pattern) { (match) throws(CNNOptError) in
                    guard let axis = try match.normalizedAxis(["mean", "variance"], parameters: 1...2),
                        let epsilon = match.numbers["epsilon"], epsilon >= 0
                    else { return nil }
                    return [Attribute("axis", axis), Attribute("epsilon", Float(epsilon))]
                }
            }
        }
    }

    /// Scale and bias broadcast to the normalised axes.
    private static func spread(_ tensor: TensorData, to shape: [Int]) throws(CNNOptError) -> [Double] {
        let values = try tensor.doubles()
        if tensor.shape == shape { return values }
        guard try Broadcasting.shape([tensor.shape, shape]) == shape else {
            throw CNNOptError(.invalidModel, "shape \(tensor.shape) does not broadcast to \(shape)")
        }
        let (strides, own) = (Broadcasting.strides(tensor.shape, to: shape), rowMajorStrides(shape))
        return (0..<shape.reduce(1, *)).map { flat in
            values[shape.indices.reduce(0) { $0 + flat / own[$1] % shape[$1] * strides[$1] }]
        }
    }

    /// Axes in front of the normalised ones keep their channels.
    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let rank = site.shape(0)?.count else { return .barrier("the rank of its input is unknown") }
        let axis = try site.normalizedAxis(site.int("axis", default: -1), rank: rank)
        var coupling = ChannelCoupling.identity(site)
        coupling.links.removeAll { $0.from.axis >= axis }
        return coupling
    }
}

extension CompoundMatch {
    /// The first of the axes up to the last that all of the named means run over, counted from the end; nil where they run over
    /// others, drop axes, or a parameter has not exactly the shape of those axes.
    func normalizedAxis(_ means: [String], parameters: ClosedRange<Int>) throws(CNNOptError) -> Int? {
        guard let shape = operands[0]?.shape else { return nil }
        var result: Int?
        for name in means {
            guard let site = sites[name], let axes = try ReduceMean.keptLastAxes(site), result ?? axes == axes else {
                return nil
            }
            result = axes
        }
        guard let count = result, count <= shape.count, let sizes = Array(shape.suffix(count)).sizes else { return nil }
        for port in parameters {
            if let parameter = operands[port], parameter.sizes != sizes { return nil }
        }
        return -count
    }
}
