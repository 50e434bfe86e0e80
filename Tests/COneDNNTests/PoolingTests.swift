import COneDNN
import Testing

@Suite struct PoolingTests {
    private static let windows = [
        WindowCase([6, 7], kernel: [2, 2], strides: [2, 2]),
        WindowCase([5, 9], kernel: [3, 2], strides: [1, 2], padBegin: [1, 0], padEnd: [1, 1]),
        WindowCase([9, 8], kernel: [2, 3], dilations: [3, 2]),
        WindowCase([10], kernel: [3], strides: [3], padBegin: [1]),
        WindowCase([4, 5, 3], kernel: [2, 3, 2], strides: [2, 1, 1], padBegin: [0, 1, 0]),
    ]

    @Test(arguments: windows, [ONEDNN_MAXIMUM, ONEDNN_AVERAGE, ONEDNN_AVERAGE_WITH_PADDING])
    func poolingAndItsGradient(_ form: WindowCase, _ rule: onednn_pool) throws {
        let (batch, channels) = (2, 3)
        let connections = form.connections
        let (from, to) = (form.input.reduce(1, *), form.output.reduce(1, *))
        func plain(_ x: [Double]) -> [Double] {
            (0..<batch * channels).flatMap { plane in
                var result = [Double](repeating: rule == ONEDNN_MAXIMUM ? -.infinity : 0, count: to)
                var counts = [Int](repeating: 0, count: to)
                for connection in connections {
                    let value = x[plane * from + connection.input]
                    let old = result[connection.output]
                    result[connection.output] = rule == ONEDNN_MAXIMUM ? max(old, value) : old + value
                    counts[connection.output] += 1
                }
                if rule == ONEDNN_MAXIMUM { return result }
                return (0..<to).map { result[$0] / Double(rule == ONEDNN_AVERAGE ? counts[$0] : form.taps) }
            }
        }
        for isChannelsLast in [false, true] {
            let source = try Layout([batch, channels] + form.input, isChannelsLast: isChannelsLast)
            let result = try Layout([batch, channels] + form.output, isChannelsLast: isChannelsLast)
            let (x, r) = (numbers(source.count, 5), numbers(result.count, 6))
            var window = form.form
            let forward = try Kernel {
                onednn_pooling(&$0, rule, source.handle, result.handle, &window, nil, 1)
            }
            let inference = try Kernel {
                onednn_pooling(&$0, rule, source.handle, result.handle, &window, nil, 0)
            }
            for kernel in [forward, inference] {
                let found = try kernel.run([Operand(ONEDNN_SOURCE, source, x)], [(ONEDNN_RESULT, result)])
                expectClose(found[0], plain(x), "result")
            }
            let gradient = try Kernel {
                onednn_pooling_gradient(&$0, forward.handle, rule, source.handle, result.handle, &window)
            }
            let found = try gradient.run(
                [Operand(ONEDNN_RESULT_GRADIENT, result, r)],
                [(ONEDNN_SOURCE_GRADIENT, source)],
                after: forward
            )
            expectClose(found[0], differences(at: x, weights: r, plain), "gradient")
        }
    }

    @Test(
        arguments: [([3, 4], [6, 8]), ([5, 3], [7, 9]), ([6, 8], [3, 3]), ([4], [9]), ([2, 3, 2], [4, 2, 5])],
        [ONEDNN_NEAREST, ONEDNN_LINEAR_MIX]
    )
    func resamplingAndItsGradient(_ sizes: ([Int], [Int]), _ rule: onednn_resampling_rule) throws {
        let (from, to) = sizes
        let (batch, channels) = (2, 3)
        /// The input elements that an output takes along an axis, and their shares.
        func parts(_ axis: Int, _ output: Int) -> [(Int, Double)] {
            let centre = (Double(output) + 0.5) * Double(from[axis]) / Double(to[axis])
            if rule == ONEDNN_NEAREST { return [(min(Int(centre), from[axis] - 1), 1)] }
            let place = max(0, centre - 0.5)
            let low = min(Int(place), from[axis] - 1)
            let share = place - Double(low)
            return [(low, 1 - share), (min(low + 1, from[axis] - 1), share)]
        }
        func plain(_ x: [Double]) -> [Double] {
            let size = from.reduce(1, *)
            return (0..<batch * channels).flatMap { plane in
                indices(to).map { place in
                    var mix = [(0, 1.0)]
                    for axis in from.indices {
                        mix = mix.flatMap { flat, share in
                            parts(axis, place[axis]).map { (flat * from[axis] + $0, share * $1) }
                        }
                    }
                    return mix.reduce(0) { $0 + x[plane * size + $1.0] * $1.1 }
                }
            }
        }
        let (source, result) = (try Layout([batch, channels] + from), try Layout([batch, channels] + to))
        let (x, r) = (numbers(source.count, 7), numbers(result.count, 8))
        let forward = try Kernel { onednn_resampling(&$0, rule, source.handle, result.handle, nil) }
        let found = try forward.run([Operand(ONEDNN_SOURCE, source, x)], [(ONEDNN_RESULT, result)])
        expectClose(found[0], plain(x), "result")
        let gradient = try Kernel {
            onednn_resampling_gradient(&$0, forward.handle, rule, source.handle, result.handle)
        }
        let back = try gradient.run(
            [Operand(ONEDNN_RESULT_GRADIENT, result, r)],
            [(ONEDNN_SOURCE_GRADIENT, source)]
        )
        expectClose(back[0], differences(at: x, weights: r, plain), "gradient")
    }
}
