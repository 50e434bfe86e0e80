import Execution
import GraphIR
import Tensors

/// A candidate measured against a reference on the same samples.
package struct Validation: Sendable {
    /// Right answers of one model, in percent.
    package struct Accuracy: Sendable {
        package var top1: Double
        package var top5: Double
    }

    /// One output's figures.
    package struct Output: Sendable {
        package var name: String
        package var comparison: OutputComparison
    }

    package var samples = 0
    /// nil without labels.
    package var reference: Accuracy?
    package var candidate: Accuracy?
    /// Percentage points of top-1 that the candidate loses, and the 95 % interval of the paired difference (normal
    /// approximation of the mean of per-sample differences).
    package var top1Drop: Double?
    package var top1DropInterval: ClosedRange<Double>?
    /// Percentage of samples for which both name the same class; nil on random inputs and where the first output holds no
    /// class scores.
    package var agreement: Double?
    package var outputs: [Output] = []

    /// The worst of the outputs' figures.
    package var snrDB: Double { outputs.map(\.comparison.snrDB).min() ?? .infinity }
    package var cosine: Double { outputs.map(\.comparison.cosine).min() ?? 1 }
    package var maxAbsError: Double { outputs.map(\.comparison.maxAbsError).max() ?? 0 }

    /// Runs both models over the samples.
    /// - Parameters:
    ///   - isClassifier: whether arg-max agreement means anything; false for random inputs.
    ///   - progress: told the fraction done.
    /// - Throws: `invalidData` where the two models' outputs do not match.
    package static func measure(
        reference: Model,
        candidate: Model,
        samples: any SampleSource,
        threads: Int,
        backend: Backend = .onednn,
        isClassifier: Bool = true,
        progress: (Double) -> Void = { _ in }
    ) throws(CNNOptError) -> Validation {
        try measure(
            candidate,
            against: ReferenceAnswers(
                reference,
                samples: samples,
                threads: threads,
                backend: backend,
                budget: 0
            ),
            isClassifier: isClassifier,
            progress: progress
        )
    }

    /// Runs a candidate over the reference's samples, and the reference where its answers are not known yet. Both run on the
    /// same piece of the data before the next one is decoded, so that memory does not grow with the number of samples.
    /// - Parameter file: the candidate's file, which errors name.
    package static func measure(
        _ candidate: Model,
        against reference: ReferenceAnswers,
        isClassifier: Bool = true,
        file: String? = nil,
        progress: (Double) -> Void = { _ in }
    ) throws(CNNOptError) -> Validation {
        let samples = reference.samples
        let baseline = try reference.runner()
        let other: BatchRunner
        let order: [Int]
        do throws(CNNOptError) {
            other = try BatchRunner(
                candidate,
                count: samples.count,
                threads: reference.threads,
                backend: reference.backend
            )
            order = try matchOutputs(reference.outputNames, candidate)
        } catch {
            throw file.map(error.inFile) ?? error
        }
        var result = Validation()
        result.samples = samples.count
        result.outputs = reference.outputNames.map { Output(name: $0, comparison: OutputComparison()) }
        var tally = Tally(labels: samples.labels)
        // The same for all candidates that leave their batch open, so that the answers kept are theirs too.
        let step = other.isFixed ? max(baseline.roundSize, other.roundSize) : baseline.roundSize
        try samples.forEachPart(of: step, threads: reference.threads) { (range, part) throws(CNNOptError) in
            let expected = try reference.answers(to: range, part)
            do throws(CNNOptError) {
                let actual = try other.outputs(of: part)
                for (index, a) in expected.enumerated() {
                    let b = actual[order[index]]
                    do throws(CNNOptError) {
                        try result.outputs[index].comparison.add(reference: a, candidate: b)
                    } catch {
                        throw error.atValue(result.outputs[index].name)
                    }
                    if index == 0, isClassifier { try tally.add(a, b, start: range.lowerBound, rows: range.count) }
                }
            } catch {
                throw file.map(error.inFile) ?? error
            }
            progress(Double(range.upperBound) / Double(samples.count))
        }
        tally.finish(&result)
        return result
    }

    private static func matchOutputs(_ names: [String], _ candidate: Model) throws(CNNOptError) -> [Int] {
        let there = candidate.graph.outputs.map { candidate.graph[$0].name }
        guard there.count == names.count else {
            throw CNNOptError(.invalidData, "the candidate has \(there.count) outputs, the reference \(names.count)")
        }
        // By name where the names agree, else by position.
        return Set(names) == Set(there) ? names.map { name in there.firstIndex(of: name) ?? 0 } : Array(names.indices)
    }
}

/// Counts of right and equal answers.
private struct Tally {
    let labels: [Int]?
    var samples = 0
    var agreeing = 0
    var reference = (top1: 0, top5: 0)
    var candidate = (top1: 0, top5: 0)
    /// Samples that only the reference, or only the candidate, gets right.
    var lost = 0
    var won = 0
    var holdsClasses = true

    mutating func add(_ a: TensorData, _ b: TensorData, start: Int, rows: Int) throws(CNNOptError) {
        guard holdsClasses else { return }
        guard Classification.holdsScores(a, rows: rows) else {
            if labels != nil {
                throw CNNOptError(
                    .unsupported,
                    "the first output, of shape \(a.shape), holds no class scores; top-1 cannot be measured",
                    remedy: "leave --labels out to compare outputs only"
                )
            }
            holdsClasses = false
            return
        }
        let expected = try Classification.top(5, of: a, rows: rows)
        let actual = try Classification.top(5, of: b, rows: rows)
        for row in 0..<rows {
            samples += 1
            if expected[row].first == actual[row].first { agreeing += 1 }
            guard let labels else { continue }
            let label = labels[start + row]
            let (was, now) = (expected[row].first == label, actual[row].first == label)
            if was { reference.top1 += 1 }
            if now { candidate.top1 += 1 }
            if expected[row].contains(label) { reference.top5 += 1 }
            if actual[row].contains(label) { candidate.top5 += 1 }
            if was, !now { lost += 1 }
            if now, !was { won += 1 }
        }
    }

    func finish(_ result: inout Validation) {
        guard samples > 0 else { return }
        let n = Double(samples)
        result.agreement = 100 * Double(agreeing) / n
        guard labels != nil else { return }
        result.reference = .init(top1: 100 * Double(reference.top1) / n, top5: 100 * Double(reference.top5) / n)
        result.candidate = .init(top1: 100 * Double(candidate.top1) / n, top5: 100 * Double(candidate.top5) / n)
        let mean = Double(lost - won) / n
        let variance = max(0, Double(lost + won) / n - mean * mean)
        let half = 1.959964 * (variance / n).squareRoot()
        result.top1Drop = 100 * mean
        result.top1DropInterval = 100 * (mean - half)...100 * (mean + half)
    }
}
