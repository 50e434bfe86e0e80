import CKernels
import Tensors
import Testing

enum Operation: UInt32, CaseIterable, Sendable {
    case add, subtract, multiply, divide, maximum, minimum, slope

    var kernel: ck_operation { ck_operation(rawValue: rawValue) }

    func callAsFunction(_ a: Float, _ b: Float) -> Float {
        switch self {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .maximum: a.isNaN || b.isNaN ? .nan : Swift.max(a, b)
        case .minimum: a.isNaN || b.isNaN ? .nan : Swift.min(a, b)
        case .slope: a < 0 ? a * b : a
        }
    }
}

/// NaN passes through.
func clamp(_ value: Float, _ low: Float, _ high: Float) -> Float {
    value < low ? low : value > high ? high : value
}

/// The same bits, or NaN both.
func areAlike(_ a: [Float], _ b: [Float]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }
}

/// The sizes of a result, and the operands' strides.
struct PairCase: Sendable, CustomTestStringConvertible {
    let sizes: [Int], a: [Int], b: [Int]
    var testDescription: String { "\(sizes): \(a), \(b)" }

    static let all = [
        PairCase(sizes: [3, 5, 7], a: [35, 7, 1], b: [35, 7, 1]),
        PairCase(sizes: [13001], a: [1], b: [1]),
        PairCase(sizes: [13001], a: [0], b: [1]),
        PairCase(sizes: [13001], a: [1], b: [0]),
        PairCase(sizes: [200, 67], a: [67, 1], b: [0, 1]),
        PairCase(sizes: [200, 67], a: [0, 1], b: [67, 1]),
        PairCase(sizes: [4500, 3], a: [3, 1], b: [0, 1]),
        PairCase(sizes: [4500, 3], a: [0, 1], b: [3, 1]),
        PairCase(sizes: [401, 20], a: [20, 1], b: [0, 1]),
        PairCase(sizes: [2, 33, 5, 9], a: [33 * 45, 45, 9, 1], b: [0, 1, 0, 0]),
        PairCase(sizes: [2, 200, 40], a: [8000, 40, 1], b: [40, 0, 1]),
        PairCase(sizes: [9, 11], a: [1, 0], b: [0, 1]),
        PairCase(sizes: [9, 11], a: [1, 9], b: [11, 1]),
        PairCase(sizes: [4, 6, 5], a: [0, 0, 0], b: [0, 0, 0]),
        PairCase(sizes: [1, 1], a: [5, 3], b: [0, 0]),
        PairCase(sizes: [4, 0], a: [0, 1], b: [0, 1]),
    ]

    var walk: ck_pair_walk { makePairWalk(sizes, a: a, b: b) }
    var count: Int { sizes.reduce(1, *) }
    func operandCount(_ strides: [Int]) -> Int { zip(sizes, strides).reduce(1) { $0 + max(0, ($1.0 - 1) * $1.1) } }
}

@Suite struct ArithmeticTests {
    @Test(arguments: PairCase.all)
    func operandsAreBroadcast(_ tested: PairCase) {
        check(tested, .slope)
    }

    @Test(arguments: Operation.allCases)
    func operationsTreatExtremesAlike(_ operation: Operation) {
        for tested in PairCase.all where tested.count < 400 { check(tested, operation) }
    }

    private func check(_ tested: PairCase, _ operation: Operation) {
        var random = SeededGenerator(seed: 2)
        var a = random.floats(tested.operandCount(tested.a)), b = random.floats(tested.operandCount(tested.b))
        if a.count > 40 { (a[3], a[20], a[33]) = (.nan, .infinity, -.infinity) }
        if b.count > 40 { (b[4], b[20]) = (.nan, .infinity) }
        for (low, high) in [(-Float.infinity, Float.infinity), (0, 1.5)] {
            let expected = zip(places(tested.sizes, tested.a), places(tested.sizes, tested.b)).map {
                clamp(operation(a[$0], b[$1]), low, high)
            }
            for way in Way.all {
                var y = [Float](repeating: -9, count: tested.count)
                let walk = tested.walk
                way.run { threads in
                    withUnsafePointer(to: walk) { ck_binary_f32(operation.kernel, a, b, &y, $0, low, high, threads) }
                }
                #expect(areAlike(y, expected), "\(way.testDescription)")
            }
        }
    }

    @Test(arguments: Way.all)
    func aResultMayReplaceAnOperand(_ way: Way) {
        var random = SeededGenerator(seed: 3)
        let a = random.floats(13001), b = random.floats(13001)
        let walk = makePairWalk([13001], a: [1], b: [1])
        var left = a, right = b
        way.run { threads in
            withUnsafePointer(to: walk) { walk in
                left.withUnsafeMutableBufferPointer {
                    ck_binary_f32(CK_SUBTRACT, $0.baseAddress, b, $0.baseAddress, walk, -.infinity, .infinity, threads)
                }
                right.withUnsafeMutableBufferPointer {
                    ck_binary_f32(CK_SUBTRACT, a, $0.baseAddress, $0.baseAddress, walk, -.infinity, .infinity, threads)
                }
            }
        }
        let expected = zip(a, b).map { $0 - $1 }
        #expect(left == expected)
        #expect(right == expected)
    }

    /// outer × channels × inner.
    @Test(arguments: [[3, 5, 7], [2, 64, 900], [4000, 3, 1], [900, 33, 1], [500, 64, 1], [2, 1, 1], [1, 1, 9]])
    func channelsAreScaledAndShifted(_ sizes: [Int]) {
        var random = SeededGenerator(seed: 4)
        let x = random.floats(sizes.reduce(1, *)), scale = random.floats(sizes[1]), shift = random.floats(sizes[1])
        for (low, high) in [(-Float.infinity, Float.infinity), (-1, 6)] {
            let expected = x.indices.map { i in
                let channel = i / sizes[2] % sizes[1], product = x[i] * scale[channel]
                return clamp(product + shift[channel], low, high)
            }
            for way in Way.all {
                var y = x
                way.run { threads in
                    y.withUnsafeMutableBufferPointer {
                        ck_affine_f32(
                            $0.baseAddress,
                            scale,
                            shift,
                            $0.baseAddress,
                            Int64(sizes[0]),
                            Int64(sizes[1]),
                            Int64(sizes[2]),
                            low,
                            high,
                            threads
                        )
                    }
                }
                #expect(y == expected, "\(way.testDescription)")
            }
        }
    }
}
