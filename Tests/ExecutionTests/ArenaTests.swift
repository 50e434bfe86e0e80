import Tensors
import Testing

@testable import Execution

/// Buffers packed into one piece of memory.
@Suite struct ArenaTests {
    private func step(reads: [Int], writes: [Int]) -> PlanStep {
        let description = PlanDescription.Step(
            name: "",
            operators: "",
            kernel: "",
            layout: "",
            shape: [],
            bytes: 0,
            macs: 0
        )
        return PlanStep(
            work: .kernel { _, _ in },
            threads: 1,
            reads: reads,
            writes: writes,
            description: description
        )
    }

    /// Steps that read and write buffers with seeded lifetimes.
    private func plan(seed: UInt64, count: Int) -> ([PlanBuffer], [PlanStep]) {
        var generator = SeededGenerator(seed: seed)
        let buffers = (0..<count).map { _ in PlanBuffer(byteCount: 1 + generator.index(below: 5_000), home: .arena) }
        var touched = [[Int]](repeating: [], count: count + 8)
        for buffer in 0..<count {
            touched[buffer].append(buffer)
            touched[buffer + 1 + generator.index(below: 7)].append(buffer)
        }
        let steps = touched.map {
            step(reads: $0, writes: [])
        }
        return (buffers, steps)
    }

    @Test(arguments: 1...20)
    func buffersThatLiveAtOneTimeDoNotOverlap(seed: UInt64) throws {
        let (buffers, steps) = plan(seed: seed, count: 60)
        let arena = Arena(buffers, steps)
        var live: [Int: ClosedRange<Int>] = [:]
        for (index, step) in steps.enumerated() {
            for buffer in step.reads { live[buffer] = min(live[buffer]?.lowerBound ?? index, index)...index }
        }
        for a in buffers.indices {
            let offset = try #require(arena.offsets[a])
            #expect(offset % 64 == 0 && offset + buffers[a].byteCount <= arena.byteCount)
            for b in buffers.indices.dropFirst(a + 1) {
                guard let x = live[a], let y = live[b], x.overlaps(y), let other = arena.offsets[b] else { continue }
                #expect(offset + buffers[a].byteCount <= other || other + buffers[b].byteCount <= offset)
            }
        }
        #expect(arena.byteCount >= arena.largestLiveSet)
    }

    @Test func aChainNeedsTwoBuffersAtATime() {
        let buffers = (0..<10).map { _ in PlanBuffer(byteCount: 640, home: .arena) }
        let steps = (0..<9).map {
            step(reads: [$0], writes: [$0 + 1])
        }
        let arena = Arena(buffers, steps)
        #expect(arena.byteCount == 1_280)
        #expect(arena.largestLiveSet == 1_280)
    }

    @Test func buffersOfTheCallerTakeNoPlace() {
        let buffers = [PlanBuffer(byteCount: 64, home: .input(0)), PlanBuffer(byteCount: 64, home: .output(0))]
        let arena = Arena(buffers, [])
        #expect(arena.byteCount == 0)
        #expect(arena.offsets == [nil, nil])
    }
}
