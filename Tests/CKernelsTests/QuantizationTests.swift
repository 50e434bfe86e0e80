import CKernels
import Tensors
import Testing

struct Grid: Sendable, CustomTestStringConvertible {
    let scale: Float, zero: Int32, isSigned: Bool
    var testDescription: String { "\(scale), \(zero), \(isSigned ? "signed" : "unsigned")" }

    static let all = [
        Grid(scale: 0.1, zero: 0, isSigned: true), Grid(scale: 0.037, zero: -128, isSigned: true),
        Grid(scale: 0.5, zero: 127, isSigned: true), Grid(scale: 0.02, zero: 0, isSigned: false),
        Grid(scale: 1, zero: 128, isSigned: false), Grid(scale: 1e-30, zero: 255, isSigned: false),
    ]

    var kernel: ck_grid { ck_grid(scale: scale, zero: zero, is_signed: isSigned ? 1 : 0) }

    /// NaN becomes the lowest.
    func code(_ value: Float) -> UInt8 {
        let lowest: Float = isSigned ? -128 : 0
        let rounded = (value / scale).rounded(.toNearestOrEven) + Float(zero)
        let bounded = rounded > lowest ? min(rounded, lowest + 255) : lowest
        return UInt8(truncatingIfNeeded: Int(bounded))
    }

    func integer(_ code: UInt8) -> Int32 { isSigned ? Int32(Int8(bitPattern: code)) : Int32(code) }

    func value(_ code: UInt8) -> Float { Float(integer(code) - zero) * scale }
}

@Suite struct QuantizationTests {
    @Test(arguments: Grid.all, [0, 1, 7, 33, 13001])
    func numbersBecomeTheNearestIntegers(_ grid: Grid, _ count: Int) {
        var random = SeededGenerator(seed: 9)
        var x = random.floats(count, within: 150 * grid.scale)
        // Ties, and what is no number or out of range.
        let special: [Float] =
            [0.5, 1.5, 2.5, -0.5, -1.5, -2.5].map { $0 * grid.scale } + [.nan, .infinity, -.infinity, 3e38]
        for (i, value) in zip(x.indices, special) { x[i] = value }
        let expected = x.map(grid.code)
        for way in Way.all {
            var y = [UInt8](repeating: 0x5A, count: count)
            way.run { ck_quantize(x, &y, Int64(count), grid.kernel, $0) }
            #expect(y == expected, "\(way.testDescription)")
        }
    }

    @Test(arguments: Grid.all, [0, 1, 7, 33, 13001])
    func integersBecomeNumbers(_ grid: Grid, _ count: Int) {
        var random = SeededGenerator(seed: 10)
        let x = random.bytes(count), expected = x.map(grid.value)
        for way in Way.all {
            var y = [Float](repeating: -9, count: count)
            way.run { ck_dequantize(x, &y, Int64(count), grid.kernel, $0) }
            #expect(y == expected, "\(way.testDescription)")
        }
    }

    @Test(arguments: [0, 1, 33, 26001])
    func aTableIsLookedUp(_ count: Int) {
        var random = SeededGenerator(seed: 11)
        let x = random.bytes(count), table = random.bytes(256), expected = x.map { table[Int($0)] }
        for way in Way.all {
            var y = x
            way.run { threads in
                y.withUnsafeMutableBufferPointer {
                    ck_table($0.baseAddress, $0.baseAddress, Int64(count), table, threads)
                }
            }
            #expect(y == expected, "\(way.testDescription)")
        }
    }

    @Test(arguments: PairCase.all)
    func operandsAreBroadcast(_ tested: PairCase) {
        check(tested, .slope)
    }

    @Test(arguments: Operation.allCases)
    func operationsAreThoseOfRealNumbers(_ operation: Operation) {
        for tested in PairCase.all where tested.count < 400 { check(tested, operation) }
    }

    private func check(_ tested: PairCase, _ operation: Operation) {
        var random = SeededGenerator(seed: 12)
        let a = random.bytes(tested.operandCount(tested.a)), b = random.bytes(tested.operandCount(tested.b))
        let left = Grid(scale: 0.02, zero: 7, isSigned: false), right = Grid(scale: 0.013, zero: -3, isSigned: true)
        for (result, low, high) in [(Grid.all[1], -Float.infinity, Float.infinity), (Grid.all[3], 0, 1.5)] {
            let expected = zip(places(tested.sizes, tested.a), places(tested.sizes, tested.b)).map { i, j in
                let value = operation(left.value(a[i]), right.value(b[j]))
                return result.code(clamp(value, low, high))
            }
            for way in Way.all {
                var y = [UInt8](repeating: 0x5A, count: tested.count)
                let walk = tested.walk
                way.run { threads in
                    withUnsafePointer(to: walk) {
                        ck_binary_8(
                            operation.kernel,
                            a,
                            left.kernel,
                            b,
                            right.kernel,
                            &y,
                            result.kernel,
                            $0,
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

    @Test(
        arguments: [[1, 49, 1280], [3, 7, 5], [2, 1000, 70], [1, 1, 100], [5, 300, 3]],
        [Grid.all[1], Grid.all[4]]
    )
    func positionsAreAveraged(_ sizes: [Int], _ grid: Grid) {
        var random = SeededGenerator(seed: 13)
        let x = random.bytes(sizes.reduce(1, *))
        let result = Grid(scale: grid.scale / 10, zero: 3, isSigned: !grid.isSigned)
        let expected = indices([sizes[0], sizes[2]]).map { at in
            let sum = (0..<sizes[1]).reduce(Float(0)) {
                $0 + Float(grid.integer(x[(at[0] * sizes[1] + $1) * sizes[2] + at[1]]) - grid.zero) * grid.scale
            }
            return result.code(sum / Float(sizes[1]))
        }
        for way in Way.all {
            var y = [UInt8](repeating: 0x5A, count: expected.count)
            way.run {
                ck_mean_8(x, grid.kernel, &y, result.kernel, Int64(sizes[0]), Int64(sizes[1]), Int64(sizes[2]), $0)
            }
            #expect(y == expected, "\(way.testDescription)")
        }
    }
}
