import CompactFormat
import Foundation
import TestSupport
import Tensors
import Testing

/// Tensors whose channels lie on grids of their own are coded as whole numbers.
@Suite struct GridTests {
    enum Steps: CaseIterable, Sendable {
        case logarithmic, short, any, one
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var shape: [Int]
        var axis: Int
        var steps: Steps
        var isShifted: Bool
        var testDescription: String { "\(shape) axis \(axis) \(steps)\(isShifted ? " shifted" : "")" }
    }

    static let cases: [Case] = [
        ([16, 16, 3, 3], 0), ([64, 1, 3, 3], 0), ([10, 64], 0), ([64, 10], 1), ([20, 24, 2, 2], 1), ([1, 40, 5, 5], 1),
        ([40, 30, 5], 0), ([9, 2_000], 0), ([2_000, 9], 1),
    ].flatMap { shape, axis in
        Steps.allCases.flatMap { steps in
            [false, true].map { Case(shape: shape, axis: axis, steps: steps, isShifted: $0) }
        }
    }

    @Test(arguments: cases, [1, 2] as [UInt64]) func comesBackSmall(_ test: Case, _ seed: UInt64) throws {
        let tensor = Self.tensor(test, seed)
        let original = model(test.shape, .float32, bytes(tensor.values))
        let packed = try pack(original)
        let archive = try open(packed)
        #expect(try archive.restore(threads: 1).array == original)
        #expect(try archive.payload(0).array == bytes(tensor.values))
        let payload = archive.index.payloads[0]
        #expect(payload.coding == .grid)
        // Codes of four bits and less, and lists.
        let count = Double(tensor.values.count)
        let lists = 3.2 * Double(tensor.steps.count) + 0.6 * Double(count) / Double(test.shape[test.axis])
        #expect(Double(packed.count) < 200 + 0.55 * count + lists)
        #expect(CompactFile.head(archive.index.serialized()).count < 110 + Int(lists))
    }

    /// The steps are found that were used, and the shifts.
    @Test func listsAreThoseOfTheMaker() throws {
        let test = Case(shape: [32, 20, 3, 3], axis: 0, steps: .logarithmic, isShifted: true)
        let tensor = Self.tensor(test, 7)
        let payload = try open(try pack(model(test.shape, .float32, bytes(tensor.values)))).index.payloads[0]
        #expect(payload.gridAxis == 0)
        #expect(payload.shifts == tensor.shifts)
        let dead = Set((0..<32).filter { row in tensor.values[row * 180..<(row + 1) * 180].allSatisfy { $0 == 0 } })
        #expect(dead.count < 10)
        for row in 0..<32 where !dead.contains(row) { #expect(payload.steps[row] == tensor.steps[row], "row \(row)") }
    }

    /// One number off the grid, minus zero, no numbers: the tensor comes back all the same.
    @Test(arguments: [Float(0.123_456_7), -0.0, .nan, .infinity, .leastNonzeroMagnitude, 3e38], [0, 500, 2_303])
    func aBadNumberLosesNothing(_ bad: Float, _ place: Int) throws {
        var tensor = Self.tensor(Case(shape: [16, 16, 3, 3], axis: 0, steps: .any, isShifted: false), 3)
        tensor.values[place] = bad
        let original = model([16, 16, 3, 3], .float32, bytes(tensor.values))
        #expect(try restore(try pack(original)) == original)
    }

    /// Small tensors of all kinds beside each other.
    @Test func manyTensors() throws {
        let tensors = Self.cases.enumerated().map { ($1.shape, Self.tensor($1, UInt64($0)).values) }
        let original = model { graph in
            for (shape, values) in tensors {
                graph.message(5, Wire.tensor(shape.map(Int64.init), 1) { $0.data(9, bytes(values)) })
            }
        }
        let packed = try pack(original, threads: 2)
        #expect(packed == (try pack(original, threads: 1)))
        let archive = try open(packed)
        #expect(try archive.restore(threads: 2).array == original)
        #expect(archive.index.payloads.allSatisfy { $0.coding == .grid })
    }

    @Test(arguments: [
        HostileFileTests.Lie("a step too few") { $0.payloads[0].gridAxis = 1 },
        HostileFileTests.Lie("rows that do not fit") { $0.payloads[0].rowLength = 7 },
        HostileFileTests.Lie("rows of other length") { $0.payloads[0].rowLength = 72 },
        HostileFileTests.Lie("a step that is no number") { $0.payloads[0].steps[3] = .nan },
        HostileFileTests.Lie("an infinite step") { $0.payloads[0].steps[3] = .infinity },
        HostileFileTests.Lie("a negative step") { $0.payloads[0].steps[3] = -1 },
        HostileFileTests.Lie("no steps") { $0.payloads[0].steps = [] },
        HostileFileTests.Lie("more steps") { $0.payloads[0].steps += [1, 2, 3] },
        HostileFileTests.Lie("no shifts") { $0.payloads[0].shifts = [] },
        HostileFileTests.Lie("too few shifts") { $0.payloads[0].shifts.removeLast(100) },
        HostileFileTests.Lie("integers") { $0.payloads[0].coding = .integers },
        HostileFileTests.Lie("lists of a huge tensor") {
            ($0.payloads[0].byteCount, $0.payloads[0].rowLength) = (1 << 30, 1)
        },
    ])
    func listsThatLieAreRefused(_ lie: HostileFileTests.Lie) throws {
        let tensor = Self.tensor(Case(shape: [16, 16, 3, 3], axis: 0, steps: .logarithmic, isShifted: true), 5)
        let packed = try pack(model([16, 16, 3, 3], .float32, bytes(tensor.values)))
        let (sound, start) = try packed.withUnsafeBytes { try CompactFile.index($0) }
        var index = sound
        lie.tell(&index)
        let changed = CompactFile.head(index.serialized()) + packed[start...]
        expectError(.invalidModel) { _ = try restore(changed) }
    }

    /// Numbers of dependent quantisation, and the text that says so.
    private static func dependent(_ shape: [Int]) -> (model: [UInt8], grid: UniformGrid) {
        let (rows, count) = (shape[0], shape.reduce(1, *))
        let grid = UniformGrid(
            axis: 0,
            steps: (0..<rows).map { Double(LogarithmicStep.step($0 % 9 - 30)) },
            shifts: (0..<count / rows).map { UInt8($0 % 3) },
            rowLength: count / rows,
            isDependent: true
        )
        var random = SeededGenerator(seed: 2)
        let numbers = (0..<count).map { _ in Int64((0..<3).reduce(-12) { sum, _ in sum + random.index(below: 9) }) }
        var elements = [Float](repeating: 0, count: count)
        elements.withUnsafeMutableBytes { memory in
            var state = DependentTrellis.start
            if let base = memory.baseAddress {
                grid.elements(numbers, first: 0, count: count, state: &state, into: base)
            }
        }
        return (claiming(shape, elements, GridText(grid).description), grid)
    }

    /// A model of one tensor whose metadata say something of a grid.
    private static func claiming(_ shape: [Int], _ elements: [Float], _ text: String) -> [UInt8] {
        model { graph in
            graph.message(
                5,
                Wire.tensor(shape.map(Int64.init), 1) { tensor in
                    tensor.text(8, "w")
                    tensor.data(9, bytes(elements))
                    tensor.message(16) { entry in
                        entry.text(1, "cnnopt.grid")
                        entry.text(2, text)
                    }
                }
            )
        }
    }

    /// Large tensors are spread over sections, each of which begins with a row of its own.
    @Test(arguments: [[40, 30, 3, 3], [24, 77], [300, 999]]) func dependentNumbersComeBack(_ shape: [Int]) throws {
        let (original, grid) = Self.dependent(shape)
        let packed = try pack(original, threads: 2)
        let archive = try open(packed)
        #expect(try archive.restore(threads: 2).array == original)
        #expect(archive.index.payloads.map(\.coding) == [.grid, .gridText] && archive.index.payloads[0].isDependent)
        #expect(archive.index.payloads[0].steps.map(Double.init) == grid.steps)
        // About four bits a number, though the multiples have five.
        let count = Double(shape.reduce(1, *))
        #expect(Double(packed.count) < 400 + 0.56 * count + Double(shape[0]))
        let read = try archive.model(name: "m", threads: 2)
        let constant = try #require(read.graph[read.graph.initializers[0]].constant)
        #expect(constant.encoding == .uniformGrid(grid) && constant.metadata.isEmpty)
        #expect(try archive.payload(1).array == Array(GridText(grid).description.utf8))
        #expect(try archive.tensor(named: "w")?.array == archive.payload(0).array)
    }

    /// A text that is wrong, or says it in other words, costs bytes and loses nothing.
    @Test(arguments: [
        "0 t 1,2,3", "nothing", "0 t " + [String](repeating: "-30", count: 24).joined(separator: ","),
        "0 " + [String](repeating: "-30", count: 24).joined(separator: ","), "- t -30", "1 t -30", "",
        "0 t +1," + [String](repeating: "-30", count: 23).joined(separator: ","),
    ])
    func wrongTextsLoseNothing(_ text: String) throws {
        let tensor = Self.tensor(Case(shape: [24, 77], axis: 0, steps: .logarithmic, isShifted: false), 4)
        let original = Self.claiming([24, 77], tensor.values, text)
        let packed = try pack(original)
        #expect(try restore(packed) == original)
        _ = try open(packed).model(name: "m", threads: 1)
    }

    /// Steps of a list are float32 numbers; others are true as well, but no list holds them.
    @Test(arguments: ["x3fb999999999999a", "x3ff0000000000001", "x3690000000000000"])
    func stepsThatNoListHoldsLoseNothing(_ step: String) throws {
        let bits = try #require(UInt64(step.dropFirst(), radix: 16))
        let elements = (0..<24 * 77).map { Float(Double($0 % 97) * Double(bitPattern: bits)) }
        for text in ["0 " + [String](repeating: step, count: 24).joined(separator: ","), "- " + step] {
            let original = Self.claiming([24, 77], elements, text)
            #expect(try restore(try pack(original)) == original)
        }
    }

    @Test(arguments: [
        HostileFileTests.Lie("a text of another grid") { $0.payloads[0].steps[0] *= 1_024 },
        HostileFileTests.Lie("a text of no grid") { $0.payloads[0].coding = .bytes },
        HostileFileTests.Lie("a text before all") { $0.payloads.removeFirst() },
        HostileFileTests.Lie("a text of a text") { $0.payloads.append($0.payloads[1]) },
        HostileFileTests.Lie("a longer text") { $0.payloads[1].byteCount += 1 },
    ])
    func textsThatLieAreRefused(_ lie: HostileFileTests.Lie) throws {
        let packed = try pack(Self.dependent([24, 77]).model)
        let (sound, start) = try packed.withUnsafeBytes { try CompactFile.index($0) }
        var index = sound
        lie.tell(&index)
        let changed = CompactFile.head(index.serialized()) + packed[start...]
        expectError(.invalidModel) { _ = try restore(changed) }
    }

    private struct Tensor {
        var values: [Float]
        var steps: [Float]
        var shifts: [UInt8]
    }

    /// A tensor of small whole numbers times steps, some slices nearly or wholly zero.
    private static func tensor(_ test: Case, _ seed: UInt64) -> Tensor {
        var random = SeededGenerator(seed: seed)
        let count = test.shape.reduce(1, *)
        let slices = test.shape[test.axis]
        let inner = test.shape.dropFirst(test.axis + 1).reduce(1, *)
        let steps = (0..<slices).map { _ -> Float in
            switch test.steps {
            case .logarithmic: return Float(exp2(Double(random.index(below: 12)) / 4 - 6))
            case .short: return Float(2_048 + random.index(below: 2_048)) * 0x1p-20
            case .any: return 0.01 + Float(random.index(below: 1 << 20)) / 3.3e7
            case .one: return 0.012_3
            }
        }
        let shifts = (0..<count / slices).map { _ in
            test.isShifted ? UInt8([0, 0, 0, 1, 1, 2, 4][random.index(below: 7)]) : 0
        }
        let kinds = (0..<slices).map { _ in random.index(below: 12) }
        let values = (0..<count).map { element -> Float in
            let slice = element / inner % slices
            let place = element / (inner * slices) * inner + element % inner
            let sum = (0..<3).reduce(-12) { sum, _ in sum + random.index(below: 9) }
            let code = kinds[slice] == 0 ? 0 : kinds[slice] == 1 ? (random.index(below: 20) == 0 ? 3 : 0) : sum
            return Float(Double(code << Int(shifts[place])) * Double(steps[slice]))
        }
        return Tensor(values: values, steps: steps, shifts: shifts)
    }
}
