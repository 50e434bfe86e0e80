import Execution
import GraphIR
import Tensors

/// What passes are given beside the model.
package struct PassContext: Sendable {
    /// Images to learn from (activation ranges, reconstruction); nil without `--data`.
    package var calibration: (any SampleSource)?
    /// How the accuracy of a candidate is judged; passes without a ratio take as much as it allows.
    package var gate: AccuracyGate?
    /// The model as the job read it, which reconstruction and distillation imitate.
    package var original: Model?
    package var seed: UInt64
    package var threads: Int
    package var backend: Backend
    /// What the user asks of every simplify in the list.
    package var simplifying = SimplifyOptions()
    /// The bytes that a model takes in the compact file; nil where nobody knows.
    package var compactBytes: (@Sendable (Model) throws(CNNOptError) -> Int)?
    /// The bytes that the compact file should take at most.
    package var targetBytes: Int?
    /// Told what is going on: a short text and, where it is known, the fraction done.
    package var progress: @Sendable (_ text: String, _ fraction: Double?) -> Void

    package init(
        calibration: (any SampleSource)? = nil,
        gate: AccuracyGate? = nil,
        original: Model? = nil,
        seed: UInt64 = 0,
        threads: Int = 1,
        backend: Backend = .onednn,
        progress: @escaping @Sendable (String, Double?) -> Void = { _, _ in }
    ) {
        self.calibration = calibration
        self.gate = gate
        self.original = original
        self.seed = seed
        self.threads = threads
        self.backend = backend
        self.progress = progress
    }

    /// What runs a model over samples in the way that the context asks for.
    /// - Parameters:
    ///   - count: how many samples there will be.
    ///   - targets: the values that are handed out; the graph's outputs by default.
    ///   - observing: further values that are looked at.
    func runner(
        _ model: Model,
        count: Int,
        targets: [ValueID]? = nil,
        observing: Set<ValueID> = []
    ) throws(CNNOptError) -> BatchRunner {
        try BatchRunner(
            model,
            count: count,
            targets: targets,
            observing: observing,
            threads: threads,
            backend: backend
        )
    }
}
