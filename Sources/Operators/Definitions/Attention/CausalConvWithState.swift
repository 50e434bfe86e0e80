import GraphIR
import Tensors

/// A convolution along a sequence, each channel by itself, that sees the past alone: what came before the input is a state.
enum CausalConvWithState: Operator {
    static let schema = OperatorSchema("CausalConvWithState", versions: [27], inputs: 2...4, outputs: 2...2)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let type = site.elementType(0)
        guard let x = site.shape(0), x.count == 3 else { return [site.type(0), TensorType(type, nil)] }
        let taps = site.shape(1).flatMap { $0.count == 3 ? $0[2].size : nil }
        return [site.type(0), TensorType(type, [x[0], x[1], taps.map { .known(max($0 - 1, 0)) } ?? .unknown])]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let activation = try site.string("activation", default: "none")
        guard ["none", "silu", "swish"].contains(activation) else {
            throw site.failure(.invalidModel, "attribute 'activation' is '\(activation)'")
        }
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let (x, w, bias, past) = (
                try inputs.required(0), try inputs.required(1), inputs.optional(2), inputs.optional(3)
            )
            guard x.shape.count == 3, w.shape.count == 3, w.shape[0] == x.shape[1], w.shape[1] == 1, w.shape[2] >= 1,
                bias?.shape ?? [x.shape[1]] == [x.shape[1]]
            else { throw CNNOptError(.invalidModel, "an input of shape \(x.shape), a weight of shape \(w.shape)") }
            let (planes, length, taps) = (x.shape[0] * x.shape[1], x.shape[2], w.shape[2])
            let stateShape = [x.shape[0], x.shape[1], taps - 1]
            try IndexedCopy.check(stateShape, .float64)
            guard past?.shape ?? stateShape == stateShape else {
                throw CNNOptError(.invalidModel, "a state of shape \(past?.shape ?? []), not \(stateShape)")
            }
            let (values, weights, terms) = (try x.doubles(), try w.doubles(), try bias?.doubles())
            let before = try past?.doubles() ?? [Double](repeating: 0, count: planes * (taps - 1))
            var (result, state): ([Double], [Double]) = ([], [])
            for plane in 0..<planes {
                let line =
                    before[plane * (taps - 1)..<(plane + 1) * (taps - 1)]
                    + values[plane * length..<(plane + 1) * length]
                let (channel, row) = (plane % x.shape[1], Array(line))
                for place in 0..<length {
                    var sum = terms?[channel] ?? 0
                    for tap in 0..<taps { sum += row[place + tap] * weights[channel * taps + tap] }
                    result.append(activation == "none" ? sum : sum * Mathematics.sigmoid(sum))
                }
                state += row.suffix(taps - 1)
            }
            return [
                try TensorData(result, shape: x.shape).cast(to: x.elementType),
                try TensorData(state, shape: stateShape).cast(to: x.elementType),
            ]
        }
    }

    static func cost(_ site: OperatorSite) throws(CNNOptError) -> Cost? {
        guard let x = site.type(0).sizes, let taps = site.type(1).sizes?.last else { return nil }
        return checkedProduct(x + [taps]).map { Cost(macs: $0) }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its state is kept outside")
    }
}
