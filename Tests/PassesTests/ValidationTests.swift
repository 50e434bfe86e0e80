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
