import GraphIR
import Tensors

/// Sums of products of elements as an Einstein equation says.
enum Einsum: Operator {
    static let schema = OperatorSchema("Einsum", versions: [12, 28], inputs: 1...Int.max)

    private static func equation(_ site: OperatorSite) throws(CNNOptError) -> EinsteinEquation {
        guard let text = try site.string("equation") else {
            throw site.failure(.invalidModel, "attribute 'equation' is missing")
        }
        let equation = try EinsteinEquation(text)
        guard equation.operands.count == site.inputs.count else {
            throw site.failure(.invalidModel, "\(site.inputs.count) inputs for '\(text)'")
        }
        return equation
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let equation = try equation(site)
        var sizes: [EinsteinEquation.Label: Dimension] = [:]
        var unnamed = 0
        for (port, term) in equation.operands.enumerated() {
            guard let shape = site.shape(port) else { return [TensorType(site.elementType(0), nil)] }
            for (label, size) in zip(try equation.labels(term, rank: shape.count), shape) {
                if case .unnamed(let place) = label { unnamed = max(unnamed, place + 1) }
                sizes[label] = try joined(sizes[label], size, site)
            }
        }
        let rank = equation.result.letters.count + (equation.result.ellipsis == nil ? 0 : unnamed)
        let shape = try equation.labels(equation.result, rank: rank).map { sizes[$0] ?? .unknown }
        return [TensorType(site.elementType(0), shape)]
    }

    private static func joined(_ a: Dimension?, _ b: Dimension, _ site: OperatorSite) throws(CNNOptError) -> Dimension {
        guard let a, a != .known(1) else { return b }
        if let x = a.size, let y = b.size, y != 1, x != y {
            throw site.failure(.invalidModel, "one letter stands for \(x) and \(y)")
        }
        return a.size != nil || b == .known(1) ? a : b.size != nil ? b : a == b ? a : .unknown
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let equation = try equation(site)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            var operands: [TensorData] = []
            for port in inputs.indices { operands.append(try inputs.required(port)) }
            return [try EinsteinSum(equation, operands).run()]
        }
    }

    static func cost(_ site: OperatorSite) throws(CNNOptError) -> Cost? {
        let equation = try equation(site)
        guard equation.operands.count > 1 else { return Cost(macs: 0) }
        var sizes: [EinsteinEquation.Label: Int] = [:]
        for (port, term) in equation.operands.enumerated() {
            guard let shape = site.type(port).sizes else { return nil }
            for (label, size) in zip(try equation.labels(term, rank: shape.count), shape) {
                sizes[label] = max(sizes[label] ?? 1, size)
            }
        }
        return checkedProduct(sizes.values).map { Cost(macs: $0) }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its equation is not followed")
    }
}
