import GraphIR
import Tensors

/// A gated recurrent unit. Cho et al., 2014.
enum GRU: RecurrentOperator {
    static let schema = OperatorSchema("GRU", versions: [1, 3, 7, 14, 22], inputs: 3...6, outputs: 0...2)
    static var usualActivations: [String] { ["Sigmoid", "Tanh"] }
    static var gates: Int { 3 }

    static func cell(_ site: OperatorSite, _ form: RecurrentForm) throws(CNNOptError) -> RecurrentCell {
        let isLinearBeforeReset = try site.int("linear_before_reset", default: 0) != 0
        return { step, state, _ in
            let (gate, candidate) = (form.activations[step.direction][0], form.activations[step.direction][1])
            let hidden = step.hidden
            // Rows: update, reset, candidate.
            let update = (0..<hidden).map { gate(form.clipped(step.sum($0, state))) }
            let reset = (0..<hidden).map { gate(form.clipped(step.sum(hidden + $0, state))) }
            let gated = zip(reset, state).map { $0 * $1 }
            let next = (0..<hidden).map { k in
                let row = 2 * hidden + k
                let recurrent =
                    isLinearBeforeReset
                    ? reset[k] * (step.product(row, state) + step.bias(row)) : step.product(row, gated) + step.bias(row)
                return candidate(form.clipped(step.input[row] + recurrent))
            }
            state = (0..<hidden).map { (1 - update[$0]) * next[$0] + update[$0] * state[$0] }
        }
    }
}
