import GraphIR
import Tensors

/// A long short-term memory, with peepholes where they are given. Hochreiter and Schmidhuber, 1997; Gers and Schmidhuber, 2000.
enum LSTM: RecurrentOperator {
    static let schema = OperatorSchema("LSTM", versions: [1, 7, 14, 22], inputs: 3...8, outputs: 0...3)
    static var usualActivations: [String] { ["Sigmoid", "Tanh", "Tanh"] }
    static var gates: Int { 4 }
    static var memoryPorts: (memory: Int, peepholes: Int)? { (6, 7) }

    static func cell(_ site: OperatorSite, _ form: RecurrentForm) throws(CNNOptError) -> RecurrentCell {
        let couplesForgetting = try site.int("input_forget", default: 0) != 0
        return { step, state, memory in
            let functions = form.activations[step.direction]
            let hidden = step.hidden
            let before = state
            func peephole(_ gate: Int, _ k: Int) -> Double {
                step.peepholes.map { $0[$0.startIndex + gate * hidden + k] } ?? 0
            }
            for k in 0..<hidden {
                // Rows: input, output, forget, cell; peepholes: input, output, forget.
                let old = memory[k]
                let input = functions[0](form.clipped(step.sum(k, before) + peephole(0, k) * old))
                let forget =
                    couplesForgetting
                    ? 1 - input
                    : functions[0](form.clipped(step.sum(2 * hidden + k, before) + peephole(2, k) * old))
                let candidate = functions[1](form.clipped(step.sum(3 * hidden + k, before)))
                let new = forget * old + input * candidate
                let output = functions[0](form.clipped(step.sum(hidden + k, before) + peephole(1, k) * new))
                memory[k] = new
                state[k] = output * functions[2](new)
            }
        }
    }
}
