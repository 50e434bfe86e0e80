import CKernels
import Tensors
import Testing

@Suite struct ConvolutionTests {
    static let forms = [
        // A channel at a time.
        ConvolutionForm(groups: 32, inputs: 32, outputs: 32, size: [20, 23], pads: [1, 1], zero: 3),
        ConvolutionForm(
            batch: 2,
            groups: 21,
            inputs: 21,
            outputs: 21,
            size: [9, 9],
            pads: [1, 1],
            zero: -7,
            isSigned: true
        ),
        ConvolutionForm(groups: 5, inputs: 5, outputs: 5, size: [7, 6], kernel: [2, 5], pads: [1, 2], zero: 255),
        ConvolutionForm(groups: 16, inputs: 16, outputs: 16, size: [31, 30], strides: [2, 2], pads: [1, 1]),
        ConvolutionForm(
            groups: 18,
            inputs: 18,
            outputs: 18,
            size: [19, 40],
            kernel: [5, 5],
            strides: [1, 3],
            pads: [2, 2]
        ),
        ConvolutionForm(
            groups: 17,
            inputs: 17,
            outputs: 17,
            size: [15, 15],
            dilations: [3, 2],
            pads: [3, 2],
            zero: 128
        ),
        ConvolutionForm(groups: 4, inputs: 4, outputs: 4, size: [25, 25], dilations: [11, 11], zero: 9),
        ConvolutionForm(groups: 3, inputs: 3, outputs: 3, size: [14, 13], kernel: [12, 13], pads: [3, 3], zero: 1),
        // Others with groups.
        ConvolutionForm(groups: 6, inputs: 6, outputs: 12, size: [9, 8], pads: [1, 1], zero: 7),
        ConvolutionForm(groups: 8, inputs: 32, outputs: 32, size: [9, 8], pads: [1, 1], zero: 7),
        ConvolutionForm(groups: 3, inputs: 21, outputs: 60, size: [9, 8], strides: [2, 1], zero: -9, isSigned: true),
        // Whole ones.
        ConvolutionForm(
            inputs: 3,
            outputs: 16,
            size: [30, 29],
            kernel: [7, 7],
            strides: [2, 2],
            pads: [3, 3],
            zero: 114
        ),
        ConvolutionForm(batch: 3, inputs: 1, outputs: 1, size: [5, 5], zero: 2),
        ConvolutionForm(inputs: 16, outputs: 40, size: [14, 14], pads: [1, 1], zero: -128, isSigned: true),
        ConvolutionForm(batch: 2, inputs: 13, outputs: 17, size: [7, 9], kernel: [1, 1], zero: 255),
        ConvolutionForm(inputs: 33, outputs: 80, size: [6, 7], kernel: [1, 1], strides: [2, 3], zero: 1),
        ConvolutionForm(inputs: 9, outputs: 35, size: [12, 11], dilations: [2, 3], pads: [2, 4], zero: 77),
        ConvolutionForm(inputs: 5, outputs: 3, size: [2, 2], kernel: [2, 4], pads: [3, 5], zero: 4),
        // Deeper than a panel, and one position only.
        ConvolutionForm(batch: 5, inputs: 6001, outputs: 20, size: [1, 1], kernel: [1, 1], zero: 5),
        ConvolutionForm(inputs: 25001, outputs: 33, size: [1, 1], kernel: [1, 1], zero: 5),
        ConvolutionForm(inputs: 301, outputs: 70, size: [6, 6], pads: [1, 1], zero: 5),
    ]

    struct Result: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let grid: Grid?
        let low: Float, high: Float
        let hasWeightZeros: Bool
    }

    static let results = [
        Result(testDescription: "floats", grid: nil, low: -.infinity, high: .infinity, hasWeightZeros: false),
        Result(testDescription: "clamped floats", grid: nil, low: 0, high: 6, hasWeightZeros: true),
        Result(
            testDescription: "signed",
            grid: Grid(scale: 1, zero: -5, isSigned: true),
            low: -.infinity,
            high: .infinity,
            hasWeightZeros: true
        ),
        Result(
            testDescription: "clamped unsigned",
            grid: Grid(scale: 1, zero: 3, isSigned: false),
            low: 0,
            high: 90.5,
            hasWeightZeros: false
        ),
    ]

    @Test(arguments: forms, results)
    func sumsAreExact(_ form: ConvolutionForm, _ result: Result) {
        var random = SeededGenerator(seed: 14)
        let x = random.bytes(form.batch * form.size[0] * form.size[1] * form.inputs)
        let weights = random.bytes(form.weights).map { Int8(bitPattern: $0) }
        let zeros = result.hasWeightZeros ? random.bytes(form.outputs).map { Int8(bitPattern: $0) } : nil
        // Most results then lie within 8 bits.
        let spread = Float(form.taps * form.inputs / form.groups).squareRoot() * 120
        let multiplier = random.floats(form.outputs, within: 2 / spread),
            offset = random.floats(form.outputs, within: 10 * spread)
        let values = form.sums(x, weights, zeros).enumerated().map { place, sum in
            let channel = place % form.outputs
            return clamp((Float(sum) + offset[channel]) * multiplier[channel], result.low, result.high)
        }
        let expected = result.grid.map { grid in values.map(grid.code) }
        for way in Way.all {
            let y = way.run {
                convolve(form.kernelForm(result.grid), x, weights, zeros, multiplier, offset, result, form.results, $0)
            }
            if let expected {
                #expect(Array(y.prefix(form.results)) == expected, "\(way.testDescription)")
            } else {
                #expect(y.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) } == values, "\(way.testDescription)")
            }
        }
    }

    private func convolve(
        _ form: ck_convolution,
        _ x: [UInt8],
        _ weights: [Int8],
        _ zeros: [Int8]?,
        _ multiplier: [Float],
        _ offset: [Float],
        _ result: Result,
        _ count: Int,
        _ threads: Int32
    ) -> [UInt8] {
        let size = withUnsafePointer(to: form) { ck_convolution_packed_size($0) }
        let packed = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
        defer { packed.deallocate() }
        var y = [UInt8](repeating: 0x5A, count: result.grid == nil ? count * 4 : count)
        withUnsafePointer(to: form) { form in
            if let zeros {
                ck_convolution_pack(form, weights, zeros, packed)
            } else {
                ck_convolution_pack(form, weights, nil, packed)
            }
            ck_convolution_run(form, x, packed, multiplier, offset, &y, result.low, result.high, threads)
        }
        return y
    }
}
