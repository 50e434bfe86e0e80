import GraphIR
import Tensors

/// Attention as a state that each token writes to and reads from: plain, fading, correcting what it held, or both. Yang et al.,
/// Gated Delta Networks, 2024.
enum LinearAttention: Operator {
    static let schema = OperatorSchema("LinearAttention", versions: [27], inputs: 3...6, outputs: 2...2)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let form = try Form(site)
        let type = site.elementType(0)
        let stateType = site.has(3) ? site.elementType(3) : type
        guard let q = site.shape(0), let v = site.shape(2), q.count == 3, v.count == 3 else {
            return [TensorType(type, nil), TensorType(stateType, nil)]
        }
        let keySize = q[2].size.map { Dimension.known($0 / form.queryHeads) } ?? .unknown
        let valueSize = v[2].size.map { $0 / form.keyHeads }
        let hidden = valueSize.flatMap { checkedProduct([form.queryHeads, $0]) }.map { Dimension.known($0) }
        return [
            TensorType(type, [q[0], q[1], hidden ?? .unknown]),
            TensorType(
                stateType,
                [q[0], .known(form.keyHeads), keySize, valueSize.map { .known($0) } ?? .unknown]
            ),
        ]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let form = try Form(site)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let (q, past) = (try inputs.required(0), inputs.optional(3))
            var run = try Run(form, inputs)
            let result = try run.mixed()
            let present = try TensorData(run.state, shape: run.stateShape)
            return [try result.cast(to: q.elementType), try present.cast(to: past?.elementType ?? q.elementType)]
        }
    }

    private struct Form: Sendable {
        let queryHeads: Int
        let keyHeads: Int
        let scale: Double
        let fades: Bool
        let corrects: Bool

        init(_ site: OperatorSite) throws(CNNOptError) {
            let rule = try site.string("update_rule", default: "gated_delta")
            guard ["linear", "gated", "delta", "gated_delta"].contains(rule), let q = try site.int("q_num_heads"),
                let k = try site.int("kv_num_heads"), q >= 1, k >= 1, q % k == 0
            else { throw site.failure(.invalidModel, "update rule '\(rule)' or numbers of heads outside their range") }
            (queryHeads, keyHeads) = (q, k)
            scale = Double(try site.float("scale", default: 0))
            fades = rule == "gated" || rule == "gated_delta"
            corrects = rule == "delta" || rule == "gated_delta"
        }
    }

    /// One run with the state as it stands.
    private struct Run {
        private let form: Form
        private let batch: Int
        private let length: Int
        private let keySize: Int
        private let valueSize: Int
        private let query: [Double]
        private let key: [Double]
        private let value: [Double]
        /// The logarithms of how much stays, and for how many numbers of a head each holds.
        private let decay: [Double]?
        private let decayWidth: Int
        private let rate: [Double]?
        private let rateWidth: Int
        private(set) var state: [Double]

        var stateShape: [Int] { [batch, form.keyHeads, keySize, valueSize] }

        init(_ form: Form, _ inputs: [TensorData?]) throws(CNNOptError) {
            let (q, k, v) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
            guard q.shape.count == 3, q.shape[2] % form.queryHeads == 0 else {
                throw CNNOptError(.invalidModel, "queries of shape \(q.shape) in \(form.queryHeads) heads")
            }
            let keySize = q.shape[2] / form.queryHeads
            guard k.shape == [q.shape[0], q.shape[1], keySize * form.keyHeads], v.shape.count == 3,
                v.shape[..<2] == q.shape[..<2], v.shape[2] % form.keyHeads == 0
            else {
                throw CNNOptError(.invalidModel, "keys of shape \(k.shape) and values of shape \(v.shape) do not fit")
            }
            self.form = form
            (batch, length) = (q.shape[0], q.shape[1])
            self.keySize = keySize
            valueSize = v.shape[2] / form.keyHeads
            (query, key, value) = (try q.doubles(), try k.doubles(), try v.doubles())
            let (decay, rate) = (inputs.optional(4), inputs.optional(5))
            guard (decay != nil) == form.fades, (rate != nil) == form.corrects else {
                throw CNNOptError(.invalidModel, "decay or beta do not fit the update rule")
            }
            for extra in [decay, rate] {
                guard let extra else { continue }
                guard extra.shape.count == 3, extra.shape[..<2] == q.shape[..<2] else {
                    throw CNNOptError(.invalidModel, "decay or beta of shape \(extra.shape)")
                }
            }
            decayWidth = decay?.shape[2] ?? 0
            rateWidth = rate?.shape[2] ?? 0
            guard decay == nil || [form.keyHeads, form.keyHeads * keySize].contains(decayWidth),
                rate == nil || [form.keyHeads, 1].contains(rateWidth)
            else { throw CNNOptError(.invalidModel, "decay or beta do not fit \(form.keyHeads) heads") }
            self.decay = try decay?.doubles()
            self.rate = try rate?.doubles()
            let stateShape = [q.shape[0], form.keyHeads, keySize, v.shape[2] / form.keyHeads]
            try IndexedCopy.check(stateShape, .float64)
            let past = inputs.optional(3)
            guard past?.shape ?? stateShape == stateShape else {
                throw CNNOptError(.invalidModel, "a state of shape \(past?.shape ?? []), not \(stateShape)")
            }
            state = try past?.doubles() ?? [Double](repeating: 0, count: stateShape.reduce(1, *))
        }

        /// Walks over all tokens.
        mutating func mixed() throws(CNNOptError) -> TensorData {
            let shape = [batch, length, form.queryHeads * valueSize]
            try IndexedCopy.check(shape, .float64)
            let scale = form.scale == 0 ? 1 / Double(max(keySize, 1)).squareRoot() : form.scale
            var result = [Double](repeating: 0, count: shape.reduce(1, *))
            let group = form.queryHeads / form.keyHeads
            for image in 0..<batch {
                for time in 0..<length {
                    let token = image * length + time
                    for head in 0..<form.keyHeads { write(image, token, head) }
                    for head in 0..<form.queryHeads {
                        let base = (image * form.keyHeads + head / group) * keySize * valueSize
                        for m in 0..<valueSize {
                            var sum = 0.0
                            for d in 0..<keySize {
                                sum +=
                                    query[(token * form.queryHeads + head) * keySize + d]
                                    * state[base + d * valueSize + m]
                            }
                            result[(token * form.queryHeads + head) * valueSize + m] = scale * sum
                        }
                    }
                }
            }
            return try TensorData(result, shape: shape)
        }

        /// One token's key and value into one head's state.
        private mutating func write(_ image: Int, _ token: Int, _ head: Int) {
            let base = (image * form.keyHeads + head) * keySize * valueSize
            let keyStart = (token * form.keyHeads + head) * keySize
            if let decay {
                for d in 0..<keySize {
                    let entry = decayWidth == form.keyHeads ? head : head * keySize + d
                    let factor = Mathematics.exp(decay[token * decayWidth + entry])
                    for m in 0..<valueSize { state[base + d * valueSize + m] *= factor }
                }
            }
            for m in 0..<valueSize {
                var new = value[(token * form.keyHeads + head) * valueSize + m]
                if let rate {
                    var held = 0.0
                    for d in 0..<keySize { held += state[base + d * valueSize + m] * key[keyStart + d] }
                    new = rate[token * rateWidth + (rateWidth == 1 ? 0 : head)] * (new - held)
                }
                for d in 0..<keySize { state[base + d * valueSize + m] += key[keyStart + d] * new }
            }
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its heads are not followed")
    }
}
