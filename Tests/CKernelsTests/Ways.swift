import CKernels
import Tensors
import Testing

/// A way to run a kernel: every one of them has to give the same.
struct Way: Sendable, CustomTestStringConvertible {
    let isPlain: Bool
    let threads: Int32

    static let all = [false, true].flatMap { isPlain in [1, 2, 3].map { Way(isPlain: isPlain, threads: $0) } }

    var testDescription: String { "\(isPlain ? "plain" : "best"), \(threads) threads" }

    func run<T>(_ body: (Int32) throws -> T) rethrows -> T {
        ck_use_plain(isPlain ? 1 : 0)
        defer { ck_use_plain(0) }
        return try body(threads)
    }
}

extension SeededGenerator {
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }

    mutating func floats(_ count: Int, within bound: Float = 4) -> [Float] {
        (0..<count).map { _ in Float(uniform() * 2 - 1) * bound }
    }
}

/// Strides of a dense tensor.
func denseStrides(_ sizes: [Int]) -> [Int] {
    var strides = sizes, step = 1
    for axis in sizes.indices.reversed() {
        strides[axis] = step
        step *= sizes[axis]
    }
    return strides
}

/// Every index of a tensor, the last axis fastest.
func indices(_ sizes: [Int]) -> [[Int]] {
    sizes.reduce([[]]) { heads, size in heads.flatMap { head in (0..<size).map { head + [$0] } } }
}

/// Where the elements of a strided tensor are, the last axis fastest.
func places(_ sizes: [Int], _ strides: [Int], from base: Int = 0) -> [Int] {
    zip(sizes, strides).reduce([base]) { heads, axis in
        heads.flatMap { head in (0..<axis.0).map { head + $0 * axis.1 } }
    }
}

func place(_ index: [Int], _ strides: [Int], from base: Int = 0) -> Int {
    zip(index, strides).reduce(base) { $0 + $1.0 * $1.1 }
}

private func copy<T>(_ values: [Int], into tuple: inout T) {
    withUnsafeMutableBytes(of: &tuple) { bytes in
        let slots = bytes.bindMemory(to: Int64.self)
        for (slot, value) in zip(slots.indices, values) { slots[slot] = Int64(value) }
    }
}

func makeWalk(_ sizes: [Int], from: [Int], to: [Int]) -> ck_walk {
    var walk = ck_walk()
    walk.rank = Int32(sizes.count)
    copy(sizes, into: &walk.size)
    copy(from, into: &walk.from)
    copy(to, into: &walk.to)
    return walk
}

func makePairWalk(_ sizes: [Int], a: [Int], b: [Int]) -> ck_pair_walk {
    var walk = ck_pair_walk()
    walk.rank = Int32(sizes.count)
    copy(sizes, into: &walk.size)
    copy(a, into: &walk.a)
    copy(b, into: &walk.b)
    return walk
}
