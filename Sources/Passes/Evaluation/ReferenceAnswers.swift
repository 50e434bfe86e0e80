import Execution
import Foundation
import GraphIR
import Tensors

/// A reference model's outputs on its samples: computed when a candidate is first compared with them, and kept for the next
/// candidates while they fit into a budget, so that a search over candidates costs one run of each.
///
/// Unchecked: what changes is guarded by the lock.
package final class ReferenceAnswers: @unchecked Sendable {
    package let samples: any SampleSource
    let threads: Int
    let backend: Backend
    let outputNames: [String]
    private let model: Model
    private let file: String?
    private let lock = NSLock()
    private var knownRunner: BatchRunner?
    private var known: [Range<Int>: [TensorData]] = [:]
    private var budget: Int

    /// - Parameters:
    ///   - file: the reference's file, which errors name.
    ///   - budget: bytes of outputs that may be kept.
    package init(
        _ model: Model,
        samples: any SampleSource,
        threads: Int,
        backend: Backend = .onednn,
        file: String? = nil,
        budget: Int = 64 << 20
    ) {
        self.model = model
        self.samples = samples
        self.threads = threads
        self.backend = backend
        self.file = file
        self.budget = budget
        outputNames = model.graph.outputs.map { model.graph[$0].name }
    }

    /// What runs the reference.
    func runner() throws(CNNOptError) -> BatchRunner {
        lock.lock()
        defer { lock.unlock() }
        if let knownRunner { return knownRunner }
        do {
            let runner = try BatchRunner(model, count: samples.count, threads: threads, backend: backend)
            knownRunner = runner
            return runner
        } catch {
            throw file.map(error.inFile) ?? error
        }
    }

    /// The reference's outputs on a range of the samples.
    /// - Parameter part: those samples.
    func answers(to range: Range<Int>, _ part: PreparedSamples) throws(CNNOptError) -> [TensorData] {
        if let answers = keep(nil, for: range) { return answers }
        let runner = try runner()
        do {
            let answers = try runner.outputs(of: part)
            return keep(answers, for: range) ?? answers
        } catch {
            throw file.map(error.inFile) ?? error
        }
    }

    /// What is known for a range, after `answers` were added to it where the budget allows.
    private func keep(_ answers: [TensorData]?, for range: Range<Int>) -> [TensorData]? {
        lock.lock()
        defer { lock.unlock() }
        if let answers, known[range] == nil {
            let size = answers.reduce(0) { $0 + $1.byteCount }
            if size <= budget {
                budget -= size
                known[range] = answers
            }
        }
        return known[range]
    }
}
