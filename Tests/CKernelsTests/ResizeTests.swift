import CKernels
import Tensors
import Testing

@Suite struct ResizeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let batch: Int, from: [Int], to: [Int], channels: Int
        var testDescription: String { "\(batch) × \(from) × \(channels) to \(to)" }

        static let all = [
            Case(batch: 1, from: [4, 5], to: [8, 10], channels: 3),
            Case(batch: 2, from: [7, 9], to: [14, 18], channels: 40),
            Case(batch: 2, from: [9, 4], to: [3, 7], channels: 1),
            Case(batch: 1, from: [13, 13], to: [26, 26], channels: 20),
            Case(batch: 1, from: [1, 1], to: [5, 6], channels: 9),
        ]

        var form: ck_resize {
            ck_resize(
                batch: Int64(batch),
                height: Int64(from[0]),
                width: Int64(from[1]),
                channels: Int64(channels),
                out_height: Int64(to[0]),
                out_width: Int64(to[1])
            )
        }

        var places: [[Int]] { indices([batch, to[0], to[1], channels]) }
        var inputs: Int { batch * from[0] * from[1] * channels }

        func input(_ image: Int, _ row: Int32, _ column: Int32, _ channel: Int) -> Int {
            place([image, Int(row), Int(column), channel], denseStrides([batch, from[0], from[1], channels]))
        }
    }

    @Test(arguments: Case.all, [1, 2, 4, 8])
    func pixelsAreRepeated(_ tested: Case, _ width: Int) {
        var random = SeededGenerator(seed: 7)
        let x = random.bytes(tested.inputs * width), form = tested.form
        let rows = (0..<tested.to[0]).map { Int32($0 * tested.from[0] / tested.to[0]) }
        let columns = (0..<tested.to[1]).map { Int32($0 * tested.from[1] / tested.to[1]) }
        let expected = tested.places.flatMap { at in
            let from = tested.input(at[0], rows[at[1]], columns[at[2]], at[3]) * width
            return x[from..<from + width]
        }
        for way in Way.all {
            var y = [UInt8](repeating: 0x5A, count: expected.count)
            way.run { threads in
                withUnsafePointer(to: form) { ck_resize_nearest(x, &y, Int32(width), $0, rows, columns, threads) }
            }
            #expect(y == expected, "\(way.testDescription)")
        }
    }

    @Test(arguments: Case.all)
    func pixelsAreMixed(_ tested: Case) {
        var random = SeededGenerator(seed: 8)
        let x = random.floats(tested.inputs), form = tested.form
        func mix(_ axis: Int) -> (low: [Int32], high: [Int32], weight: [Float]) {
            let low = (0..<tested.to[axis]).map { Int32($0 * tested.from[axis] / tested.to[axis]) }
            return (
                low, low.map { min($0 + 1, Int32(tested.from[axis] - 1)) }, low.map { _ in Float(random.uniform()) }
            )
        }
        let rows = mix(0), columns = mix(1)
        let expected = tested.places.map { at in
            func pixel(_ row: [Int32], _ column: [Int32]) -> Double {
                Double(x[tested.input(at[0], row[at[1]], column[at[2]], at[3])])
            }
            let down = Double(rows.weight[at[1]]), across = Double(columns.weight[at[2]])
            return (pixel(rows.low, columns.low) * (1 - across) + pixel(rows.low, columns.high) * across) * (1 - down)
                + (pixel(rows.high, columns.low) * (1 - across) + pixel(rows.high, columns.high) * across) * down
        }
        for way in Way.all {
            var y = [Float](repeating: -9, count: expected.count)
            resize(x, &y, form, rows, columns, way)
            let worst = zip(y, expected).map { abs(Double($0) - $1) }.max()
            #expect((worst ?? 1) < 2e-6, "\(way.testDescription)")
        }
    }

    private func resize(
        _ x: [Float],
        _ y: inout [Float],
        _ form: ck_resize,
        _ rows: (low: [Int32], high: [Int32], weight: [Float]),
        _ columns: (low: [Int32], high: [Int32], weight: [Float]),
        _ way: Way
    ) {
        func with(_ mix: (low: [Int32], high: [Int32], weight: [Float]), _ body: (ck_mix) -> Void) {
            mix.low.withUnsafeBufferPointer { low in
                mix.high.withUnsafeBufferPointer { high in
                    mix.weight.withUnsafeBufferPointer { weight in
                        body(ck_mix(low: low.baseAddress, high: high.baseAddress, weight: weight.baseAddress))
                    }
                }
            }
        }
        y.withUnsafeMutableBufferPointer { y in
            with(rows) { down in
                with(columns) { across in
                    way.run { threads in
                        withUnsafePointer(to: form) {
                            ck_resize_linear_f32(x, y.baseAddress, $0, down, across, threads)
                        }
                    }
                }
            }
        }
    }
}
