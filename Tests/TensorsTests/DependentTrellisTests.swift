import Tensors
import Testing

@Suite struct DependentTrellisTests {
    private static let states = 0..<DependentTrellis.states

    @Test(arguments: states) func indicesAndMultiplesAgree(_ state: Int) {
        for index in Int64(-40)...40 {
            let multiple = DependentTrellis.multiple(index, state)
            #expect(DependentTrellis.index(multiple, state) == index)
        }
        // Every multiple is in one half or the other, zero in both.
        for multiple in Int64(-40)...40 {
            let isHere = DependentTrellis.index(multiple, state) != nil
            let isThere = DependentTrellis.index(multiple, state ^ 1) != nil
            #expect(isHere != isThere || multiple == 0)
        }
    }

    /// From each state the two parities lead apart, and two states lead to each.
    @Test func pathsPartAndMeet() {
        var arrivals = [Int](repeating: 0, count: DependentTrellis.states)
        for state in Self.states {
            let next = [0, 1].map { DependentTrellis.next(state, parity: $0) }
            #expect(next[0] != next[1])
            for (parity, to) in next.enumerated() {
                arrivals[to] += 1
                #expect(Int(DependentTrellis.successors.base[2 * state + parity]) == to)
            }
        }
        #expect(arrivals.allSatisfy { $0 == 2 })
        var reached: Set<Int> = [DependentTrellis.start]
        for _ in Self.states {
            for state in reached {
                for parity in 0...1 { reached.insert(DependentTrellis.next(state, parity: parity)) }
            }
        }
        #expect(reached.count == DependentTrellis.states)
    }

    /// The parity checks of Ungerboeck's table hold between the halves (z0) and the parities (z1) of any path: 45 and 10, octal.
    @Test func pathsAreWordsOfTheCode() {
        var generator = SeededGenerator(seed: 3)
        var (state, halves, parities): (Int, [Int], [Int]) = (DependentTrellis.start, [], [])
        for _ in 0..<500 {
            let parity = generator.index(below: 2)
            halves.append(DependentTrellis.half(state))
            parities.append(parity)
            state = DependentTrellis.next(state, parity: parity)
        }
        for n in 5..<500 { #expect(halves[n] ^ halves[n - 2] ^ halves[n - 5] ^ parities[n - 3] == 0) }
    }
}

@Suite struct GridTextTests {
    @Test(arguments: [
        "0 -31,-30,0,12", "1 t 3", "- x3fb999999999999a", "0 t -31,x3fb999999999999a,7 0012701", "1 0,0 11",
    ])
    func readsWhatItWrites(_ text: String) throws {
        #expect(try #require(GridText(text, elements: 60)).description == text)
    }

    @Test(arguments: [
        "", "0", "2 1", "0 ", "0 1,", "0 ,1", "0  1", "0 t", "0 1 8", "0 1 ", "0 1 0 0", "0 t t 1", "0 900", "0 x1",
        "0 x",
        "0 x7ff0000000000000", "0 xbff0000000000000", "0 x0000000000000000", "0 1.5", "T 1", "0 1 a",
    ])
    func anythingElseIsNone(_ text: String) { #expect(GridText(text, elements: 60) == nil) }

    /// What no tensor of the size can need is not even taken apart.
    @Test func textsAreNoLongerThanTheirTensors() {
        let text = "0 " + [String](repeating: "1", count: 10_000).joined(separator: ",")
        #expect(GridText(text, elements: 10_000) != nil)
        #expect(GridText(text, elements: 500) == nil)
    }
}

@Suite struct UniformGridNumbersTests {
    /// Elements on grids of all kinds, in runs that begin anywhere.
    @Test(arguments: ["0", "0 t", "- t", "1"], [1, 7, 64, 1_000])
    func elementsComeBack(_ kind: String, _ run: Int) throws {
        let (axis, isDependent) = (Int(kind.prefix(1)), kind.hasSuffix("t"))
        let (rows, length) = (6, 30)
        var generator = SeededGenerator(seed: 9)
        let slices = axis == 0 ? rows : axis == 1 ? 5 : 1
        let grid = UniformGrid(
            axis: axis,
            steps: (0..<slices).map { Double(LogarithmicStep.step($0 - 20)) },
            shifts: (0..<(axis == 1 ? rows * length / slices : length)).map { _ in UInt8(generator.index(below: 3)) },
            rowLength: length,
            isDependent: isDependent
        )
        let numbers = (0..<rows * length).map { _ in Int64(generator.index(below: 15)) - 7 }
        var elements = [Float](repeating: .nan, count: numbers.count)
        var again = [Int64](repeating: 99, count: numbers.count)
        func runs(_ body: (_ first: Int, _ count: Int) -> Void) {
            for first in stride(from: 0, to: numbers.count, by: run) { body(first, min(run, numbers.count - first)) }
        }
        elements.withUnsafeMutableBytes { memory in
            guard let base = memory.baseAddress else { return }
            var state = DependentTrellis.start
            runs { first, count in
                grid.elements(
                    Array(numbers[first..<first + count]),
                    first: first,
                    count: count,
                    state: &state,
                    into: base
                )
            }
            state = DependentTrellis.start
            runs { first, count in
                var part = [Int64](repeating: 0, count: count)
                #expect(grid.numbers(base, first: first, count: count, state: &state, into: &part))
                again.replaceSubrange(first..<first + count, with: part)
            }
            #expect(grid.holds(base, numbers.count))
            var other = grid
            other.isDependent.toggle()
            // Free numbers follow no trellis; a path of one consists of multiples as well.
            if axis != 1 { #expect(other.holds(base, numbers.count) == isDependent) }
        }
        #expect(again == numbers)
        elements[17] = elements[17].nextUp + .leastNormalMagnitude
        #expect(!elements.withUnsafeBytes { $0.baseAddress.map { grid.holds($0, numbers.count) } ?? true })
    }
}
