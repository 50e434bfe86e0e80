import CKernels
import Tensors
import Testing

@Suite struct PoolingTests {
    struct Case: Sendable {
        let size: [Int], channels: Int, kernel: Int, stride: Int, dilation: Int, pad: Int

        static let all = [
            Case(size: [8, 6], channels: 16, kernel: 2, stride: 2, dilation: 1, pad: 0),
            Case(size: [9, 7], channels: 13, kernel: 3, stride: 2, dilation: 1, pad: 1),
            Case(size: [11, 10], channels: 3, kernel: 3, stride: 1, dilation: 2, pad: 2),
            Case(size: [5, 5], channels: 70, kernel: 5, stride: 1, dilation: 1, pad: 2),
        ]

        func output(_ axis: Int) -> Int { (size[axis] + 2 * pad - (kernel - 1) * dilation - 1) / stride + 1 }

        var form: ck_convolution {
            var form = ck_convolution()
            (form.batch, form.in_channels) = (2, Int64(channels))
            (form.in_height, form.in_width) = (Int64(size[0]), Int64(size[1]))
            (form.out_height, form.out_width) = (Int64(output(0)), Int64(output(1)))
            (form.kernel_height, form.kernel_width) = (Int64(kernel), Int64(kernel))
            (form.stride_height, form.stride_width) = (Int64(stride), Int64(stride))
            (form.dilation_height, form.dilation_width) = (Int64(dilation), Int64(dilation))
            (form.pad_top, form.pad_left) = (Int64(pad), Int64(pad))
            return form
        }
    }

    @Test(arguments: Case.all)
    func theLargestUnderEachWindow(_ tested: Case) {
        var random = SeededGenerator(seed: 3)
        let (height, width, channels) = (tested.size[0], tested.size[1], tested.channels)
        let x = random.floats(2 * height * width * channels)
        let expected = indices([2, tested.output(0), tested.output(1), channels]).map { at -> Float in
            var best = -Float.infinity
            for i in 0..<tested.kernel {
                for j in 0..<tested.kernel {
                    let row = at[1] * tested.stride - tested.pad + i * tested.dilation
                    let column = at[2] * tested.stride - tested.pad + j * tested.dilation
                    guard (0..<height).contains(row), (0..<width).contains(column) else { continue }
                    best = max(best, x[((at[0] * height + row) * width + column) * channels + at[3]])
                }
            }
            return best
        }
        for way in Way.all {
            var y = [Float](repeating: 7, count: expected.count)
            way.run { threads in withUnsafePointer(to: tested.form) { ck_maximum_pool_f32($0, x, &y, threads) } }
            #expect(y == expected, "\(way.testDescription)")
        }
    }
}
