import COneDNN
import Foundation
import Testing

/// Which operands a normalisation has.
struct NormalizationCase: Sendable, CustomTestStringConvertible {
    var shape: [Int]
    var hasScale = true
    var hasShift = true
    var hasStatistics = false
    var isChannelsLast = false

    var testDescription: String {
        "\(shape)\(hasScale ? " scaled" : "")\(hasShift ? " shifted" : "")\(hasStatistics ? " given" : "")"
            + (isChannelsLast ? " channels last" : "")
    }

    static let epsilon = 0.01

    func form(isTraining: Bool) -> onednn_normalization {
        onednn_normalization(
            epsilon: Float(Self.epsilon),
            has_scale: hasScale ? 1 : 0,
            has_shift: hasShift ? 1 : 0,
            has_statistics: hasStatistics ? 1 : 0,
            is_training: isTraining ? 1 : 0
        )
    }

    static func all(_ shapes: [[Int]], channelsLast: [Bool]) -> [NormalizationCase] {
        shapes.flatMap { shape in
            channelsLast.flatMap { last in
                [
                    (true, true, false), (true, true, true), (false, false, false), (true, false, false),
                    (false, true, false),
                ].map {
                    NormalizationCase(
                        shape: shape,
                        hasScale: $0.0,
                        hasShift: $0.1,
                        hasStatistics: $0.2,
                        isChannelsLast: last
                    )
                }
            }
        }
    }
}

/// Elements that share a mean and a variance, and which scale and shift each has.
struct Grouping {
    var groups: Int
    var parameters: Int
    var group: [Int]
    var parameter: [Int]

    func statistics(_ x: [Double]) -> (mean: [Double], variance: [Double]) {
        let count = Double(x.count / groups)
        var mean = [Double](repeating: 0, count: groups)
        for i in x.indices { mean[group[i]] += x[i] / count }
        var variance = [Double](repeating: 0, count: groups)
        for i in x.indices { variance[group[i]] += (x[i] - mean[group[i]]) * (x[i] - mean[group[i]]) / count }
        return (mean, variance)
    }

    func run(_ x: [Double], _ mean: [Double], _ variance: [Double], _ scale: [Double]?, _ shift: [Double]?) -> [Double]
    {
        x.indices.map { i in
            (x[i] - mean[group[i]]) / (variance[group[i]] + NormalizationCase.epsilon).squareRoot()
                * (scale?[parameter[i]] ?? 1) + (shift?[parameter[i]] ?? 0)
        }
    }
}

@Suite struct NormalizationTests {
    /// Runs the forward kernels and the gradient's of one normalisation.
    private func check(
        _ form: NormalizationCase,
        _ grouping: Grouping,
        statistics: Layout,
        forward: (inout OpaquePointer?, Layout, inout onednn_normalization) -> Int32,
        gradient: (inout OpaquePointer?, Kernel, Layout, inout onednn_normalization) -> Int32
    ) throws {
        let layout = try Layout(form.shape, isChannelsLast: form.isChannelsLast)
        let parameters = try Layout([grouping.parameters])
        let (x, r) = (numbers(layout.count, 31), numbers(layout.count, 32))
        let scale = form.hasScale ? numbers(grouping.parameters, 33) : nil
        let shift = form.hasShift ? numbers(grouping.parameters, 34) : nil
        let given =
            form.hasStatistics
            ? (mean: numbers(grouping.groups, 35), variance: numbers(grouping.groups, 36).map { abs($0) + 0.5 }) : nil
        func plain(_ x: [Double], _ scale: [Double]?, _ shift: [Double]?) -> [Double] {
            let (mean, variance) = given ?? grouping.statistics(x)
            return grouping.run(x, mean, variance, scale, shift)
        }
        let (mean, variance) = given ?? grouping.statistics(x)
        let moments = [Operand(ONEDNN_MEAN, statistics, mean), Operand(ONEDNN_VARIANCE, statistics, variance)]
        let factors = scale.map { [Operand(ONEDNN_SCALE, parameters, $0)] } ?? []
        let terms = shift.map { [Operand(ONEDNN_SHIFT, parameters, $0)] } ?? []
        let source = Operand(ONEDNN_SOURCE, layout, x)

        var inference = form.form(isTraining: false)
        let fast = try Kernel { forward(&$0, layout, &inference) }
        let inputs = [source] + (form.hasStatistics ? moments : []) + factors + terms
        expectClose(try fast.run(inputs, [(ONEDNN_RESULT, layout)])[0], plain(x, scale, shift), "result")

        var training = form.form(isTraining: true)
        let kernel = try Kernel { forward(&$0, layout, &training) }
        let written =
            form.hasStatistics ? [] : [(ONEDNN_MEAN, statistics), (ONEDNN_VARIANCE, statistics)]
        let found = try kernel.run(inputs, [(ONEDNN_RESULT, layout)] + written)
        expectClose(found[0], plain(x, scale, shift), "result in training")
        if !form.hasStatistics {
            expectClose(found[1], mean, "mean")
            expectClose(found[2], variance, "variance")
        }

        guard form.hasScale == form.hasShift || !String(cString: onednn_version()).hasPrefix("2") else {
            var refused: OpaquePointer?
            #expect(gradient(&refused, kernel, layout, &training) == ONEDNN_UNIMPLEMENTED && refused == nil)
            return
        }
        let back = try Kernel { gradient(&$0, kernel, layout, &training) }
        var targets = [(ONEDNN_SOURCE_GRADIENT, layout)]
        if form.hasScale { targets.append((ONEDNN_SCALE_GRADIENT, parameters)) }
        if form.hasShift { targets.append((ONEDNN_SHIFT_GRADIENT, parameters)) }
        let gradients = try back.run(
            [source, Operand(ONEDNN_RESULT_GRADIENT, layout, r)] + moments + factors + terms,
            targets,
            after: kernel
        )
        expectClose(gradients[0], differences(at: x, weights: r) { plain($0, scale, shift) }, "gradient of the source")
        if let scale {
            expectClose(
                gradients[1],
                differences(at: scale, weights: r) { plain(x, $0, shift) },
                "gradient of the scale"
            )
        }
        if let shift {
            let place = form.hasScale ? 2 : 1
            expectClose(
                gradients[place],
                differences(at: shift, weights: r) { plain(x, scale, $0) },
                "gradient of the shift"
            )
        }
    }

    @Test(arguments: NormalizationCase.all([[3, 5, 4, 3], [2, 8, 5, 1], [4, 3, 7]], channelsLast: [false, true]))
    func batchNormalizationAndItsGradients(_ form: NormalizationCase) throws {
        let (channels, inner) = (form.shape[1], form.shape[2...].reduce(1, *))
        let channel = (0..<form.shape.reduce(1, *)).map { $0 / inner % channels }
        try check(
            form,
            Grouping(groups: channels, parameters: channels, group: channel, parameter: channel),
            statistics: Layout([channels]),
            forward: { onednn_batch_normalization(&$0, $1.handle, &$2, nil) },
            gradient: { onednn_batch_normalization_gradient(&$0, $1.handle, $2.handle, &$3) }
        )
    }

    @Test(arguments: NormalizationCase.all([[3, 7], [2, 3, 8], [2, 2, 3, 17]], channelsLast: [false]))
    func layerNormalizationAndItsGradients(_ form: NormalizationCase) throws {
        let length = form.shape[form.shape.count - 1]
        let count = form.shape.reduce(1, *)
        let statistics = try Layout(Array(form.shape.dropLast()))
        try check(
            form,
            Grouping(
                groups: count / length,
                parameters: length,
                group: (0..<count).map { $0 / length },
                parameter: (0..<count).map { $0 % length }
            ),
            statistics: statistics,
            forward: { onednn_layer_normalization(&$0, $1.handle, statistics.handle, &$2, nil) },
            gradient: { onednn_layer_normalization_gradient(&$0, $1.handle, $2.handle, statistics.handle, &$3) }
        )
    }

    /// Version 2 and the first of version 3 have none, and say so.
    @Test(arguments: NormalizationCase.all([[2, 6, 3, 2]], channelsLast: [false, true]), [1, 2, 6])
    func groupNormalizationAndItsGradients(_ form: NormalizationCase, groups: Int) throws {
        let parts = String(cString: onednn_version()).split(separator: ".").compactMap { Int($0) }
        let isKnown = parts[0] > 3 || parts[0] == 3 && parts[1] >= 3
        guard isKnown else {
            let layout = try Layout(form.shape)
            var options = form.form(isTraining: false)
            var kernel: OpaquePointer?
            let status = onednn_group_normalization(&kernel, layout.handle, Int64(groups), &options, nil)
            #expect(status == ONEDNN_UNIMPLEMENTED && kernel == nil)
            return
        }
        let (channels, inner) = (form.shape[1], form.shape[2...].reduce(1, *))
        let count = form.shape.reduce(1, *)
        try check(
            form,
            Grouping(
                groups: form.shape[0] * groups,
                parameters: channels,
                group: (0..<count).map { $0 / (channels / groups * inner) },
                parameter: (0..<count).map { $0 / inner % channels }
            ),
            statistics: Layout([form.shape[0], groups]),
            forward: { onednn_group_normalization(&$0, $1.handle, Int64(groups), &$2, nil) },
            gradient: { onednn_group_normalization_gradient(&$0, $1.handle, $2.handle, Int64(groups), &$3) }
        )
    }

    @Test(arguments: [[2, 7, 3, 4], [1, 16, 2, 2], [3, 3, 1, 5]], [1, 3, 5])
    func localResponseAndItsGradient(_ shape: [Int], size: Int) throws {
        let (channels, inner) = (shape[1], shape[2...].reduce(1, *))
        func plain(_ x: [Double]) -> [Double] {
            x.indices.map { i in
                let channel = i / inner % channels
                let window = max(0, channel - size / 2)...min(channels - 1, channel + size / 2)
                let squares = window.reduce(0) {
                    let other = x[i + ($1 - channel) * inner]
                    return $0 + other * other
                }
                return x[i] / pow(2 + 0.5 / Double(size) * squares, 0.75)
            }
        }
        for isChannelsLast in [false, true] {
            let layout = try Layout(shape, isChannelsLast: isChannelsLast)
            let (x, r) = (numbers(layout.count, 41), numbers(layout.count, 42))
            var form = onednn_response(size: Int64(size), alpha: 0.5, beta: 0.75, bias: 2, is_training: 0)
            let source = Operand(ONEDNN_SOURCE, layout, x)
            let fast = try Kernel { onednn_lrn(&$0, layout.handle, &form, nil) }
            expectClose(try fast.run([source], [(ONEDNN_RESULT, layout)])[0], plain(x), "result")
            form.is_training = 1
            let forward = try Kernel { onednn_lrn(&$0, layout.handle, &form, nil) }
            expectClose(try forward.run([source], [(ONEDNN_RESULT, layout)])[0], plain(x), "result in training")
            guard size > 1 else {
                var refused: OpaquePointer?
                let status = onednn_lrn_gradient(&refused, forward.handle, layout.handle, &form)
                #expect(status == ONEDNN_UNIMPLEMENTED && refused == nil)
                continue
            }
            let gradient = try Kernel { onednn_lrn_gradient(&$0, forward.handle, layout.handle, &form) }
            let back = try gradient.run(
                [source, Operand(ONEDNN_RESULT_GRADIENT, layout, r)],
                [(ONEDNN_SOURCE_GRADIENT, layout)],
                after: forward
            )
            expectClose(back[0], differences(at: x, weights: r, plain), "gradient")
        }
    }
}
