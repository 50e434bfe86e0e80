import GraphIR
import Tensors

/// A recurrent layer of one gate: each state is a function of the input and the state before it.
enum RNN: RecurrentOperator {
    static let schema = OperatorSchema("RNN", versions: [1, 7, 14, 22], inputs: 3...6, outputs: 0...2)
    static var usualActivations: [String] { ["Tanh"] }
    static var gates: Int { 1 }

    static func cell(_ site: OperatorSite, _ form: RecurrentForm) throws(CNNOptError) -> RecurrentCell {
        { step, state, _ in
            let function = form.activations[step.direction][0]
            state = (0..<step.hidden).map { function(form.clipped(step.sum($0, state))) }
        }
    }
}
