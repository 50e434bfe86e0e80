import GraphIR
import Tensors

/// (x − mean) / √variance over some axes, by default images and places of each channel.
enum MeanVarianceNormalization: Operator {
    static let schema = OperatorSchema("MeanVarianceNormalization", versions: [9, 13], inputs: 1...1)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] { [site.type(0)] }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            try HalfPrecision.widening(inputs) { (inputs) throws(CNNOptError) in
                let x = try inputs.required(0)
                let axes = try axes(site, rank: x.shape.count)
                let values = try x.doubles()
                // The row of an element is its index along the axes that are kept.
                let strides = rowMajorStrides(x.shape)
                let kept = x.shape.indices.filter { !axes.contains($0) }
                let rowStrides = rowMajorStrides(kept.map { x.shape[$0] })
                let rows = values.indices.map { flat in
                    zip(kept, rowStrides).reduce(0) { $0 + flat / strides[$1.0] % x.shape[$1.0] * $1.1 }
                }
                let count = kept.reduce(1) { $0 * x.shape[$1] }
                let length = Double(axes.reduce(1) { $0 * x.shape[$1] })
                var (means, squares) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
                for (flat, row) in rows.enumerated() { means[row] += values[flat] / length }
                for (flat, row) in rows.enumerated() {
                    squares[row] += (values[flat] - means[row]) * (values[flat] - means[row]) / length
                }
                // The function that defines the operator adds 1e-9 to the deviation.
                let result = rows.enumerated().map { flat, row in
                    (values[flat] - means[row]) / (squares[row].squareRoot() + 1e-9)
                }
                switch x.elementType {
                case .float32: return [try TensorData(result.map { Float($0) }, shape: x.shape)]
                case .float64: return [try TensorData(result, shape: x.shape)]
                default: throw CNNOptError(.unsupported, "element type \(x.elementType.onnxName)")
                }
            }
        }
    }

    /// Axes that the statistics do not run over keep their channels.
    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let rank = site.shape(0)?.count else { return .barrier("the rank of its input is unknown") }
        let axes = try axes(site, rank: rank)
        var coupling = ChannelCoupling.identity(site)
        coupling.links.removeAll { axes.contains($0.from.axis) }
        return coupling
    }

    private static func axes(_ site: OperatorSite, rank: Int) throws(CNNOptError) -> [Int] {
        var axes: [Int] = []
        for axis in try site.ints("axes") ?? [0, 2, 3] {
            let position = try site.normalizedAxis(axis, rank: rank)
            if !axes.contains(position) { axes.append(position) }
        }
        return axes
    }
}
