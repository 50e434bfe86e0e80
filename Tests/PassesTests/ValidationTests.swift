import GraphIR
import Passes
import TestSupport
import Tensors
import Testing

/// y = x + shift, on four "scores".
private func shifted(_ shift: [Float]) throws -> Model {
    try singleNodeModel(
        "Add",
        inputs: [try TensorData(zeros: .float32, shape: [2, 4]), try TensorData(shift)],
        constants: [1]
    )
}

private let scores = PreparedScores(rows: [[4, 1, 0, 0], [0, 4, 3, 0], [0, 0, 4, 3.5]], labels: [0, 1, 3])

private struct PreparedScores: SampleSource {
    let rows: [[Float]]
    let labels: [Int]?
    var count: Int { rows.count }
    func batch(_ range: Range<Int>, threads: Int) throws(CNNOptError) -> TensorData {
        try TensorData(rows[range].flatMap { $0 }, shape: [range.count, 4])
    }
}

@Suite struct ValidationTests {
    @Test func countsAreByHand() throws {
        // The shift turns the second sample wrong and the third right.
        let result = try Validation.measure(
            reference: shifted([0, 0, 0, 0]),
            candidate: shifted([0, -2, 0, 1]),
            samples: scores,
            threads: 1
        )
        #expect(result.samples == 3)
        #expect(abs((result.reference?.top1 ?? 0) - 200.0 / 3) < 1e-9)
        #expect(abs((result.candidate?.top1 ?? 0) - 200.0 / 3) < 1e-9)
        #expect(result.top1Drop == 0)
        #expect(abs((result.agreement ?? 0) - 100.0 / 3) < 1e-9)
        #expect(result.maxAbsError == 2)
        let interval = try #require(result.top1DropInterval)
        let half = 1.959964 * (2.0 / 3 / 3).squareRoot() * 100
        #expect(abs(interval.upperBound - half) < 1e-6 && abs(interval.lowerBound + half) < 1e-6)
    }

    @Test func equalModelsHaveInfiniteSignalToNoise() throws {
        let result = try Validation.measure(
            reference: shifted([1, 0, 0, 0]),
            candidate: shifted([1, 0, 0, 0]),
            samples: scores,
            threads: 2
        )
        #expect(result.snrDB == .infinity && result.cosine == 1 && result.maxAbsError == 0 && result.agreement == 100)
    }

    @Test func aFixedBatchIsFilledAndCut() throws {
        // Three samples through a batch of two.
        let runner = try BatchRunner(shifted([0, 0, 0, 0]), threads: 1)
        var rows: [Int] = []
        try runner.forEachBatch(of: scores) { (batch) throws(CNNOptError) in rows.append(batch.outputs[0].shape[0]) }
        #expect(rows == [2, 1])
    }
}

/// Scores of ten classes for many samples, and the class that is right: the first model's answer or another.
private struct ManyScores: SampleSource {
    let count = 1_500
    let tensor: TensorData
    let labels: [Int]?

    init() throws {
        tensor = try .random([1_500, 10], seed: 5)
        let scores = try tensor.array(of: Float.self)
        var generator = SeededGenerator(seed: 6)
        labels = (0..<1_500).map { row in
            let scores = scores[row * 10..<row * 10 + 10]
            let best = (scores.indices.max { scores[$0] < scores[$1] } ?? 0) - row * 10
            return generator.uniform() < 0.8 ? best : generator.index(below: 10)
        }
    }

    func batch(_ range: Range<Int>, threads: Int) throws(CNNOptError) -> TensorData {
        try TensorData(
            try Array(tensor.array(of: Float.self)[range.lowerBound * 10..<range.upperBound * 10]),
            shape: [range.count, 10]
        )
    }
}

@Suite struct IntervalTests {
    /// y = x + shift on ten scores.
    private static func shifted(_ shift: [Float]) throws -> Model {
        try singleNodeModel(
            "Add",
            inputs: [try TensorData(zeros: .float32, shape: [50, 10]), try TensorData(shift)],
            constants: [1]
        )
    }

    @Test func thePairedIntervalIsThatOfABootstrap() throws {
        let samples = try ManyScores()
        let shift: [Float] = [0.15, -0.1, 0, 0, 0.1, 0, -0.2, 0, 0, 0.05]
        let result = try Validation.measure(
            reference: Self.shifted([Float](repeating: 0, count: 10)),
            candidate: Self.shifted(shift),
            samples: samples,
            threads: 1
        )
        // The differences by hand: 1 where only the reference is right, -1 where only the candidate is.
        let scores = try samples.tensor.array(of: Float.self)
        let labels = try #require(samples.labels)
        func best(_ row: Int, _ shift: [Float]) -> Int {
            (0..<10).max { scores[row * 10 + $0] + shift[$0] < scores[row * 10 + $1] + shift[$1] } ?? 0
        }
        let none = [Float](repeating: 0, count: 10)
        let differences = labels.indices.map { row in
            (best(row, none) == labels[row] ? 1.0 : 0) - (best(row, shift) == labels[row] ? 1.0 : 0)
        }
        var generator = SeededGenerator(seed: 7)
        let means = (0..<4_000).map { _ in
            (0..<differences.count).reduce(0.0) { sum, _ in sum + differences[generator.index(below: differences.count)]
            }
                / Double(differences.count)
        }.sorted()
        let (low, high) = (100 * means[100], 100 * means[3_899])
        let interval = try #require(result.top1DropInterval)
        // The bootstrap's 2.5 % points scatter by about 4 % of the half width.
        let noise = 0.12 * (high - low) / 2
        #expect(high - low > 1)
        #expect(abs(interval.lowerBound - low) < noise && abs(interval.upperBound - high) < noise)
    }
}

@Suite struct ClassificationTests {
    @Test func theLargestComeFirstAndNaNIsNoScore() throws {
        let scores = try TensorData([3, .nan, 5, 5, -1, .nan, .nan, .nan, .nan, .nan] as [Float], shape: [2, 5])
        #expect(try Classification.top(3, of: scores, rows: 2) == [[2, 3, 0], []])
        let doubles = try TensorData(doubles: [1, 2, 2, 0], as: .float64, shape: [1, 4])
        #expect(try Classification.top(2, of: doubles, rows: 1) == [[1, 2]])
    }

    @Test(arguments: [
        ([4, 10], 4, true), ([1, 10], 1, true), ([1, 1, 1, 10], 1, true), ([10], 1, true), ([1, 4_420, 2], 1, false),
        ([2, 1, 8, 8], 2, false), ([1, 1, 8, 8], 1, false), ([3, 1], 3, false),
    ])
    func mapsAndBoxesAreNoScores(_ shape: [Int], _ rows: Int, _ holds: Bool) throws {
        #expect(Classification.holdsScores(try TensorData(zeros: .float32, shape: shape), rows: rows) == holds)
    }
}

@Suite struct OutputComparisonTests {
    @Test func infinitiesAndNaNCountOnlyWhereTheyDiffer() throws {
        let a = try TensorData([1, .infinity, .nan, 2] as [Float])
        var same = OutputComparison()
        try same.add(reference: a, candidate: a)
        #expect(same.snrDB == .infinity && same.maxAbsError == 0 && same.cosine == 1 && same.largestReference == 2)
        var different = OutputComparison()
        try different.add(reference: a, candidate: try TensorData([1, 1, .nan, 2] as [Float]))
        #expect(different.snrDB == -.infinity && different.maxAbsError == .infinity && different.cosine == 0)
    }

    @Test func everyElementTypeIsCompared() throws {
        for type in [ElementType.float16, .int8, .uint8, .float64, .bool] {
            var comparison = OutputComparison()
            try comparison.add(
                reference: try TensorData(doubles: [1, 0, 1], as: type, shape: [3]),
                candidate: try TensorData(doubles: [1, 1, 1], as: type, shape: [3])
            )
            #expect(comparison.maxAbsError == 1 && abs(comparison.snrDB - 10 * 0.30103) < 1e-4, "\(type)")
        }
    }
}

@Suite struct ReferenceAnswersTests {
    private final class FewScores: SampleSource, @unchecked Sendable {
        let count = 6
        var labels: [Int]? { [0, 1, 2, 3, 0, 1] }
        func batch(_ range: Range<Int>, threads: Int) throws(CNNOptError) -> TensorData {
            try .random([range.count, 4], seed: UInt64(range.lowerBound))
        }
    }

    @Test func aGateJudgesAlikeWithAndWithoutKeptAnswers() throws {
        let original = try shifted([0, 0, 0, 0])
        let gate = AccuracyGate(.top1Drop(0), reference: original, samples: FewScores(), threads: 1)
        for shift in [[0, 0, 0, 0], [9, 0, 0, 0], [0, 0, 0, 9]] as [[Float]] {
            let candidate = try shifted(shift)
            let kept = try gate.judge(candidate)
            let fresh = try Validation.measure(
                reference: original,
                candidate: candidate,
                samples: FewScores(),
                threads: 1
            )
            #expect(kept.value == fresh.top1Drop && kept.validation.snrDB == fresh.snrDB)
            #expect(kept.validation.agreement == fresh.agreement && kept.validation.samples == 6)
        }
    }
}

@Suite struct PassListTests {
    struct Nothing: Pass {
        static let info = PassInfo(
            name: "nothing",
            summary: "does nothing",
            arguments: [PassInfo.Argument("ratio", values: "0…1", default: "0.5", help: "unused")],
            changesWeights: false
        )
        let ratio: Double?
        init(_ arguments: PassArguments) throws(CNNOptError) { ratio = try arguments.number("ratio", in: 0...1) }
        func run(_ model: inout Model, _ context: PassContext) throws(CNNOptError) -> PassReport {
            PassReport(pass: "nothing", summary: "")
        }
    }

    @Test(arguments: [("none", 0), ("nothing", 1), ("nothing(ratio=0.3), nothing", 2), ("nothing()", 1)])
    func listsAreParsed(_ text: String, _ count: Int) throws {
        #expect(try PassList(parsing: text, registry: [Nothing.self]).passes.count == count)
    }

    @Test(arguments: [
        ("nothin", "did you mean 'nothing'"), ("nothing(rato=1)", "did you mean 'ratio'"),
        ("nothing(ratio=2)", "0.0 to 1.0"),
        ("nothing(ratio", "not closed"), ("nothing,,nothing", "name is missing"), ("nothing(ratio)", "not key=value"),
        ("nothing(ratio=1)x", "comma is missing"), ("", "name is missing"),
    ])
    func mistakesAreUsageErrors(_ text: String, _ part: String) {
        let error = #expect(throws: CNNOptError.self) { try PassList(parsing: text, registry: [Nothing.self]) }
        #expect(error?.exitStatus == 64)
        #expect(error?.description.contains(part) == true)
    }
}
