import CKernels
import Tensors
import Testing

@Suite struct FloatConvolutionTests {
    static let forms = [
        ConvolutionForm(inputs: 3, outputs: 16, size: [30, 29], kernel: [7, 7], strides: [2, 2], pads: [3, 3]),
        ConvolutionForm(batch: 3, inputs: 1, outputs: 1, size: [5, 5]),
        ConvolutionForm(inputs: 16, outputs: 40, size: [14, 14], pads: [1, 1]),
        ConvolutionForm(batch: 2, inputs: 13, outputs: 17, size: [7, 9], kernel: [1, 1]),
        ConvolutionForm(inputs: 33, outputs: 80, size: [6, 7], kernel: [1, 1], strides: [2, 3]),
        ConvolutionForm(inputs: 9, outputs: 35, size: [12, 11], dilations: [2, 3], pads: [2, 4]),
        ConvolutionForm(inputs: 5, outputs: 3, size: [2, 2], kernel: [2, 4], pads: [3, 5]),
        // Sums of several slices, with one of odd depth last.
        ConvolutionForm(batch: 5, inputs: 1025, outputs: 20, size: [1, 1], kernel: [1, 1]),
        ConvolutionForm(inputs: 67, outputs: 70, size: [7, 7], pads: [1, 1]),
        // Several panels of positions.
        ConvolutionForm(batch: 2, inputs: 8, outputs: 9, size: [23, 25], pads: [1, 1]),
    ]

    struct Result: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let low: Float, high: Float
        /// Whether there is an addend, and whether it is where the results go.
        let hasAddend: Bool, isInPlace: Bool
    }

    static let results = [
        Result(testDescription: "plain", low: -.infinity, high: .infinity, hasAddend: false, isInPlace: false),
        Result(testDescription: "clamped", low: 0, high: 3, hasAddend: false, isInPlace: false),
        Result(testDescription: "added", low: -.infinity, high: .infinity, hasAddend: true, isInPlace: false),
        Result(testDescription: "added in place", low: 0, high: .infinity, hasAddend: true, isInPlace: true),
    ]

    /// Inputs are small integers and weights quarters of them, so that sums are exact in any order.
    @Test(arguments: forms, results)
    func resultsAreThoseOfPlainLoops(_ form: ConvolutionForm, _ result: Result) {
        var random = SeededGenerator(seed: 15)
        var signed = form
        signed.isSigned = true
        let x = random.bytes(form.batch * form.size[0] * form.size[1] * form.inputs).map { $0 & 15 }
        let weights = random.bytes(form.weights).map { Int8(bitPattern: $0) / 8 }
        let offset = random.bytes(form.outputs).map { Float($0) / 4 - 30 }
        let addend = result.hasAddend ? random.bytes(form.results).map { Float($0) / 2 - 60 } : nil
        let expected = signed.sums(x, weights, nil).enumerated().map { place, sum in
            clamp(Float(sum) / 4 + offset[place % form.outputs] + (addend?[place] ?? 0), result.low, result.high)
        }
        for way in Way.all {
            let y = way.run {
                convolve(form, x.map(Float.init), weights.map { Float($0) / 4 }, offset, addend, result, $0)
            }
            #expect(y == expected, "\(way.testDescription)")
        }
    }

    @Test func notANumberPasses() {
        let form = ConvolutionForm(inputs: 2, outputs: 3, size: [2, 2], kernel: [1, 1])
        let clamped = Self.results[1]
        var x = [Float](repeating: 1, count: 8)
        x[2] = .nan
        for way in Way.all {
            let y = way.run {
                convolve(form, x, [Float](repeating: 1, count: 6), [0, 1, 2], nil, clamped, $0)
            }
            #expect(y.map(\.isNaN) == [false, false, false, true, true, true] + [Bool](repeating: false, count: 6))
            #expect(Array(y.prefix(3)) == [2, 3, 3])
        }
    }

    private func convolve(
        _ form: ConvolutionForm,
        _ x: [Float],
        _ weights: [Float],
        _ offset: [Float],
        _ addend: [Float]?,
        _ result: Result,
        _ threads: Int32
    ) -> [Float] {
        var kernelForm = form.kernelForm(nil)
        let packed = UnsafeMutableRawPointer.allocate(
            byteCount: ck_convolution_f32_packed_size(&kernelForm),
            alignment: 64
        )
        let scratch = UnsafeMutableRawPointer.allocate(
            byteCount: ck_convolution_f32_scratch(&kernelForm, threads),
            alignment: 64
        )
        defer {
            packed.deallocate()
            scratch.deallocate()
        }
        ck_convolution_f32_pack(&kernelForm, weights, packed)
        var y = [Float](repeating: .nan, count: form.results)
        if result.isInPlace, let addend { y = addend }
        y.withUnsafeMutableBufferPointer { y in
            func run(_ addend: UnsafePointer<Float>?) {
                ck_convolution_f32_run(
                    &kernelForm,
                    x,
                    packed,
                    offset,
                    addend,
                    y.baseAddress,
                    result.low,
                    result.high,
                    scratch,
                    threads
                )
            }
            if result.isInPlace {
                run(UnsafePointer(y.baseAddress))
            } else if let addend {
                run(addend)
            } else {
                run(nil)
            }
        }
        return y
    }
}
