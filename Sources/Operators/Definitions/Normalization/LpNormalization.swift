import GraphIR
import Tensors

/// x divided by its 1- or 2-norm along an axis; a row of zeros stays as it is.
enum LpNormalization: Operator {
    static let schema = OperatorSchema("LpNormalization", versions: [1, 22], inputs: 1...1)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] { [site.type(0)] }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let p = try site.int("p", default: 2)
        guard p == 1 || p == 2 else { throw site.failure(.invalidModel, "attribute 'p' is \(p)") }
        let declared = try site.int("axis", default: -1)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            try HalfPrecision.widening(inputs) { (inputs) throws(CNNOptError) in
                let x = try inputs.required(0)
                let axis = try site.normalizedAxis(declared, rank: x.shape.count)
                var values = try x.doubles()
                let (length, inner) = (x.shape[axis], x.shape[(axis + 1)...].reduce(1, *))
                for row in 0..<x.shape[..<axis].reduce(1, *) * inner {
                    let start = row / inner * length * inner + row % inner
                    var sum = 0.0
                    for i in 0..<length {
                        let value = values[start + i * inner]
                        sum += p == 1 ? abs(value) : value * value
                    }
                    let norm = p == 1 ? sum : sum.squareRoot()
                    guard norm != 0 else { continue }
                    for i in 0..<length { values[start + i * inner] /= norm }
                }
                switch x.elementType {
                case .float32: return [try TensorData(values.map { Float($0) }, shape: x.shape)]
                case .float64: return [try TensorData(values, shape: x.shape)]
                default: throw CNNOptError(.unsupported, "element type \(x.elementType.onnxName)")
                }
            }
        }
    }

    /// Axes that the norm does not run along keep their channels.
    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let rank = site.shape(0)?.count else { return .barrier("the rank of its input is unknown") }
        let axis = try site.normalizedAxis(site.int("axis", default: -1), rank: rank)
        var coupling = ChannelCoupling.identity(site)
        coupling.links.removeAll { $0.from.axis == axis }
        return coupling
    }
}
