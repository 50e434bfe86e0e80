import COneDNN
import Testing

/// A convolution, or the transpose of one.
struct ConvolutionCase: Sendable, CustomTestStringConvertible {
    var window: WindowCase
    var batch = 2
    var groups = 1
    /// Channels of each group.
    var channels: Int
    var outputs: Int
    var isTransposed = false
    var isChannelsLast = false
    var hasBias = true

    var testDescription: String {
        "\(isTransposed ? "transposed " : "")\(groups) × \(channels) → \(outputs), \(window)\(isChannelsLast ? ", channels last" : "")"
    }

    var taps: Int { window.kernel.reduce(1, *) }
    var source: [Int] { [batch, groups * channels] + (isTransposed ? window.output : window.input) }
    var result: [Int] { [batch, groups * outputs] + (isTransposed ? window.input : window.output) }
    var weights: [Int] { (groups > 1 ? [groups] : []) + [outputs, channels] + window.kernel }
    var bias: [Int] { [groups * outputs] }

    /// Hands on each product that the convolution sums: the places of its result, weight and source.
    private func forEachProduct(_ body: (_ result: Int, _ weight: Int, _ source: Int) -> Void) {
        let (from, to) = (source[2...].reduce(1, *), result[2...].reduce(1, *))
        let connections = window.connections
        for n in 0..<batch {
            for m in 0..<groups * outputs {
                let first = (n * groups * outputs + m) * to
                for c in 0..<channels {
                    let plane = (n * groups * channels + m / outputs * channels + c) * from
                    for connection in connections {
                        let (here, there) =
                            isTransposed
                            ? (connection.output, connection.input) : (connection.input, connection.output)
                        body(first + there, (m * channels + c) * taps + connection.tap, plane + here)
                    }
                }
            }
        }
    }

    /// The output channel of a place of the result.
    private func channel(_ place: Int) -> Int { place / result[2...].reduce(1, *) % (groups * outputs) }

    func run(_ x: [Double], _ w: [Double], _ b: [Double]) -> [Double] {
        var y = (0..<result.reduce(1, *)).map { hasBias ? b[channel($0)] : 0 }
        forEachProduct { y[$0] += w[$1] * x[$2] }
        return y
    }

    /// The gradients of Σ r · result.
    func gradients(_ x: [Double], _ w: [Double], _ r: [Double]) -> (source: [Double], weights: [Double], bias: [Double])
    {
        var source = [Double](repeating: 0, count: x.count)
        var weights = [Double](repeating: 0, count: w.count)
        var bias = [Double](repeating: 0, count: groups * outputs)
        forEachProduct {
            source[$2] += w[$1] * r[$0]
            weights[$1] += x[$2] * r[$0]
        }
        for (place, value) in r.enumerated() { bias[channel(place)] += value }
        return (source, weights, bias)
    }

    static let all: [ConvolutionCase] = {
        let windows = [
            WindowCase([7, 5], kernel: [3, 3], padBegin: [1, 1]),
            WindowCase([9, 6], kernel: [3, 2], strides: [2, 3], padBegin: [1, 0], padEnd: [0, 1]),
            WindowCase([8, 9], kernel: [2, 3], dilations: [2, 3], padBegin: [1, 2]),
            WindowCase([5, 4], kernel: [1, 1]),
            WindowCase([11], kernel: [5], strides: [2], padBegin: [2]),
            WindowCase([4, 3, 5], kernel: [2, 1, 3], strides: [1, 2, 2], padBegin: [1, 0, 1], padEnd: [0, 0, 1]),
        ]
        let channels = [(1, 3, 4), (2, 3, 2), (5, 1, 1), (1, 8, 8)]
        var result: [ConvolutionCase] = []
        for (i, window) in windows.enumerated() {
            for (k, (groups, inputs, outputs)) in channels.enumerated() where inputs < 8 || window.taps < 5 {
                for isTransposed in [false, true] {
                    result.append(
                        ConvolutionCase(
                            window: window,
                            groups: groups,
                            channels: inputs,
                            outputs: outputs,
                            isTransposed: isTransposed,
                            isChannelsLast: (i + k) % 2 == 1,
                            hasBias: (i + k) % 3 != 2
                        )
                    )
                }
            }
        }
        return result
    }()
}

extension WindowCase {
    var taps: Int { kernel.reduce(1, *) }

    var form: onednn_window {
        onednn_window(kernel: kernel, strides: strides, dilations: dilations, padBegin: padBegin, padEnd: reach)
    }

    /// Padding at the end as far as windows read it, which is how the engine asks.
    private var reach: [Int] {
        input.indices.map {
            (output[$0] - 1) * strides[$0] + (kernel[$0] - 1) * dilations[$0] + 1 - input[$0] - padBegin[$0]
        }
    }
}

@Suite struct ConvolutionTests {
    @Test(arguments: ConvolutionCase.all) func convolutionAndItsGradients(_ form: ConvolutionCase) throws {
        let source = try Layout(form.source, isChannelsLast: form.isChannelsLast)
        let result = try Layout(form.result, isChannelsLast: form.isChannelsLast)
        let weights = try Layout(form.weights)
        let bias = form.hasBias ? try Layout(form.bias) : nil
        let (x, w, b, r) = (
            numbers(source.count, 1), numbers(weights.count, 2), numbers(form.bias[0], 3), numbers(result.count, 4)
        )
        var window = form.window.form
        let isTransposed: Int32 = form.isTransposed ? 1 : 0
        let forward = try Kernel {
            onednn_convolution(
                &$0,
                source.handle,
                weights.handle,
                bias?.handle,
                result.handle,
                &window,
                nil,
                isTransposed
            )
        }
        var operands = [Operand(ONEDNN_SOURCE, source, x), Operand(ONEDNN_WEIGHTS, weights, w)]
        if let bias { operands.append(Operand(ONEDNN_BIAS, bias, b)) }
        expectClose(try forward.run(operands, [(ONEDNN_RESULT, result)])[0], form.run(x, w, b), "result")

        let expected = form.gradients(x, w, r)
        let bySource = try Kernel {
            onednn_convolution_by_source(
                &$0,
                forward.handle,
                source.handle,
                weights.handle,
                result.handle,
                &window,
                isTransposed
            )
        }
        let gradient = Operand(ONEDNN_RESULT_GRADIENT, result, r)
        expectClose(
            try bySource.run([gradient, Operand(ONEDNN_WEIGHTS, weights, w)], [(ONEDNN_SOURCE_GRADIENT, source)])[0],
            expected.source,
            "gradient of the source"
        )

        let byWeights = try Kernel {
            onednn_convolution_by_weights(
                &$0,
                forward.handle,
                source.handle,
                weights.handle,
                bias?.handle,
                result.handle,
                &window,
                isTransposed
            )
        }
        let found = try byWeights.run(
            [Operand(ONEDNN_SOURCE, source, x), gradient],
            [(ONEDNN_WEIGHTS_GRADIENT, weights)] + (bias.map { [(ONEDNN_BIAS_GRADIENT, $0)] } ?? [])
        )
        expectClose(found[0], expected.weights, "gradient of the weights")
        guard form.hasBias else { return }
        expectClose(found[1], expected.bias, "gradient of the bias")
    }

    @Test(arguments: [(1, 3, 2), (4, 7, 5), (3, 16, 1), (2, 1, 9)])
    func innerProductAndItsGradients(rows: Int, depth: Int, columns: Int) throws {
        let (source, weights) = (try Layout([rows, depth]), try Layout([columns, depth]))
        let (bias, result) = (try Layout([columns]), try Layout([rows, columns]))
        let (x, w, b, r) = (
            numbers(source.count, 1), numbers(weights.count, 2), numbers(columns, 3), numbers(result.count, 4)
        )
        func plain(_ x: [Double], _ w: [Double], _ b: [Double]) -> [Double] {
            (0..<rows * columns).map { i in
                (0..<depth).reduce(b[i % columns]) {
                    $0 + x[i / columns * depth + $1] * w[i % columns * depth + $1]
                }
            }
        }
        let forward = try Kernel {
            onednn_inner_product(&$0, source.handle, weights.handle, bias.handle, result.handle, nil)
        }
        let (data, matrix) = (Operand(ONEDNN_SOURCE, source, x), Operand(ONEDNN_WEIGHTS, weights, w))
        let gradient = Operand(ONEDNN_RESULT_GRADIENT, result, r)
        expectClose(
            try forward.run([data, matrix, Operand(ONEDNN_BIAS, bias, b)], [(ONEDNN_RESULT, result)])[0],
            plain(x, w, b),
            "result"
        )
        let bySource = try Kernel {
            onednn_inner_product_by_source(&$0, forward.handle, source.handle, weights.handle, result.handle)
        }
        expectClose(
            try bySource.run([gradient, matrix], [(ONEDNN_SOURCE_GRADIENT, source)])[0],
            differences(at: x, weights: r) { plain($0, w, b) },
            "gradient of the source"
        )
        let byWeights = try Kernel {
            onednn_inner_product_by_weights(
                &$0,
                forward.handle,
                source.handle,
                weights.handle,
                bias.handle,
                result.handle
            )
        }
        let found = try byWeights.run(
            [data, gradient],
            [(ONEDNN_WEIGHTS_GRADIENT, weights), (ONEDNN_BIAS_GRADIENT, bias)]
        )
        expectClose(found[0], differences(at: w, weights: r) { plain(x, $0, b) }, "gradient of the weights")
        expectClose(found[1], differences(at: b, weights: r) { plain(x, w, $0) }, "gradient of the bias")
    }
}
