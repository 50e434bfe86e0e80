import GraphIR
import Tensors

/// The attributes that RNN, GRU and LSTM share.
struct RecurrentForm: Sendable {
    /// Whether each direction reads the sequence from its end.
    let directions: [Bool]
    /// Batch first.
    let isBatchFirst: Bool
    let clip: Double?
    /// For each direction its functions, in the order of the specification.
    let activations: [[RecurrentActivation]]

    /// - Parameter usual: the functions of one direction where none are named.
    init(_ site: OperatorSite, usual: [String]) throws(CNNOptError) {
        switch try site.string("direction", default: "forward") {
        case "forward": directions = [false]
        case "reverse": directions = [true]
        case "bidirectional": directions = [false, true]
        case let other: throw site.failure(.invalidModel, "attribute 'direction' is '\(other)'")
        }
        isBatchFirst = try site.int("layout", default: 0) != 0
        clip = try site.float("clip").map { Double($0) }
        guard clip ?? 0 >= 0 else { throw site.failure(.invalidModel, "attribute 'clip' is negative") }
        let names = try site.strings("activations") ?? directions.flatMap { _ in usual }
        guard names.count == directions.count * usual.count else {
            throw site.failure(
                .invalidModel,
                "\(names.count) activations, but \(directions.count * usual.count) are needed"
            )
        }
        var alphas = try site.floats("activation_alpha")?.map { Double($0) } ?? []
        var betas = try site.floats("activation_beta")?.map { Double($0) } ?? []
        var functions: [RecurrentActivation] = []
        for name in names {
            guard let function = RecurrentActivation(name, &alphas, &betas) else {
                throw site.failure(.unsupported, "activation '\(name)'")
            }
            functions.append(function)
        }
        activations = directions.indices.map { Array(functions[$0 * usual.count..<($0 + 1) * usual.count]) }
    }

    func clipped(_ value: Double) -> Double {
        guard let clip else { return value }
        return min(max(value, -clip), clip)
    }

    /// The types of all states, and of the last one.
    func types(_ site: OperatorSite) throws(CNNOptError) -> (all: TensorType, last: TensorType) {
        let type = site.elementType(0)
        if let rank = site.shape(0)?.count, rank != 3 {
            throw site.failure(.invalidModel, "an input of rank \(rank), not 3")
        }
        let x = site.shape(0) ?? [.unknown, .unknown, .unknown]
        let recurrent = site.shape(2)
        guard recurrent?.count ?? 3 == 3 else { throw site.failure(.invalidModel, "a weight of rank other than 3") }
        let (count, hidden) = (Dimension.known(directions.count), recurrent?[2] ?? .unknown)
        return isBatchFirst
            ? (TensorType(type, [x[0], x[1], count, hidden]), TensorType(type, [x[0], count, hidden]))
            : (TensorType(type, [x[0], count, x[1], hidden]), TensorType(type, [count, x[1], hidden]))
    }
}

/// A function of one number inside a recurrent cell.
struct RecurrentActivation: Sendable {
    private enum Kind: String {
        case relu, tanh, sigmoid, affine, leakyrelu, thresholdedrelu, scaledtanh, hardsigmoid, elu, softsign, softplus
    }

    private let kind: Kind
    private let alpha: Double
    private let beta: Double

    /// Functions with parameters take the next numbers of the lists; nil for an unknown name.
    init?(_ name: String, _ alphas: inout [Double], _ betas: inout [Double]) {
        guard let kind = Kind(rawValue: name.lowercased()) else { return nil }
        self.kind = kind
        let usual: (alpha: Double?, beta: Double?) =
            switch kind {
            case .affine, .scaledtanh: (1, kind == .affine ? 0 : 1)
            case .leakyrelu: (0.01, nil)
            case .thresholdedrelu, .elu: (1, nil)
            case .hardsigmoid: (0.2, 0.5)
            default: (nil, nil)
            }
        alpha = usual.alpha.map { alphas.isEmpty ? $0 : alphas.removeFirst() } ?? 0
        beta = usual.beta.map { betas.isEmpty ? $0 : betas.removeFirst() } ?? 0
    }

    func callAsFunction(_ x: Double) -> Double {
        switch kind {
        case .relu: max(x, 0)
        case .tanh: Mathematics.tanh(x)
        case .sigmoid: Mathematics.sigmoid(x)
        case .affine: alpha * x + beta
        case .leakyrelu: x < 0 ? alpha * x : x
        case .thresholdedrelu: x > alpha ? x : 0
        case .scaledtanh: alpha * Mathematics.tanh(beta * x)
        case .hardsigmoid: min(max(alpha * x + beta, 0), 1)
        case .elu: x < 0 ? alpha * Mathematics.expm1(x) : x
        case .softsign: x / (1 + abs(x))
        case .softplus: Mathematics.softplus(x)
        }
    }
}

extension OperatorSite {
    /// A list of texts; nil where it is absent.
    func strings(_ name: String) throws(CNNOptError) -> [String]? {
        guard let value = node.attribute(name)?.value else { return nil }
        guard case .strings(let texts) = value else {
            throw failure(.invalidModel, "attribute '\(name)' is not a list of strings")
        }
        return texts.map { String(decoding: $0, as: UTF8.self) }
    }
}
