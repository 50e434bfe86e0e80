import EntropyCoding
import Execution
import Foundation
import GraphIR
import Operators
import Tensors

/// All layers of a model rounded for one λ, one after another in the order of the network: each sees the inputs that the
/// rounded network gives it and aims at what the original put out.
struct CodecTrial {
    struct Outcome: Sendable {
        let layer: CodecLayer
        let weight: TensorData
        /// nil where the layer has none, or none that may change.
        let bias: TensorData?
        let grid: WeightGrid
        let bits: Double
        /// What its errors are expected to cost.
        let distortion: Double

        /// How the weight came about.
        var encoding: TensorEncoding {
            .uniformGrid(
                UniformGrid(
                    axis: layer.linear.form.weightOutputAxis,
                    steps: grid.steps.map(Double.init),
                    shifts: grid.shifts.contains { $0 > 0 } ? grid.shifts : [],
                    rowLength: weight.shape.first.map { $0 > 0 ? weight.count / $0 : 0 } ?? 0,
                    isDependent: grid.isDependent
                )
            )
        }
    }

    private let work: CodecWork
    private let lambda: Double
    private var execution: PairedExecution
    private let model = TokenModel()
    private(set) var outcomes: [Outcome] = []
    /// Nodes that turned out not to be what they look like.
    private(set) var refused: [NodeID] = []

    /// Rows that a layer's moments are taken from, and how many at least for each number of a row.
    private static let rows = 30_000
    private static let rowsPerNumber = 6
    /// The shortest rows for a trellis: every row begins with multiples of twice the step.
    private static let shortestTrellis = 8
    /// The ridge of the least squares that make up for the errors of earlier layers.
    private static let ridge = 3.0

    init(_ work: CodecWork, lambda: Double) throws(CNNOptError) {
        self.work = work
        self.lambda = lambda
        execution = try PairedExecution(
            original: work.model,
            work.facts,
            pruned: work.model,
            work.facts,
            feed: work.feed,
            batches: work.batches,
            threads: work.context.threads
        )
    }

    var bits: Double { outcomes.reduce(0) { $0 + $1.bits } }
    var distortion: Double { outcomes.reduce(0) { $0 + $1.distortion } }

    mutating func run(progress: (Double) -> Void) throws(CNNOptError) {
        for (index, id) in execution.order.enumerated() {
            try execution.runOriginal(id)
            if let layer = work.layers[id] { try round(layer) }
            try execution.runPruned(id)
            execution.release(after: index)
            progress(Double(index + 1) / Double(execution.order.count))
        }
    }

    private mutating func round(_ layer: CodecLayer) throws(CNNOptError) {
        guard let halves = try moments(layer) else {
            refused.append(layer.linear.node)
            return
        }
        let rows = layer.rows
        let isCentred = layer.bias != nil
        let isRowMajor = layer.linear.form.weightOutputAxis == 0
        let share = work.shares.share(layer.linear.output)
        func rounding(_ factors: [CurvatureFactor], _ rows: Int, _ optimism: Double) -> GridRounding {
            let channels = share.channels.count == rows ? share.channels : [Double](repeating: 1, count: rows)
            return GridRounding(
                factors: factors,
                // A quadratic form counts twice its error.
                sensitivities: channels.map { $0 * optimism / 2 },
                length: layer.rows.rowLength,
                isRowMajor: isRowMajor,
                kernelLength: layer.rows.taps <= MagnitudeLayout.largestKernel ? layer.rows.taps : 1,
                lambda: lambda
            )
        }
        var all = halves[0]
        for half in halves.dropFirst() { all.add(half) }
        let wanted = try wanted(layer, all.rows)
        guard
            let curvature = LayerCurvature(
                all,
                halves: halves,
                weights: wanted,
                shares: share,
                isCentred: isCentred,
                threads: work.context.threads,
                steps: { factor in
                    let grid = GridSteps.grid(rounding([factor], 1, 1))
                    return (0..<rows.rowLength).map { grid.step(0, $0) }
                }
            )
        else {
            refused.append(layer.linear.node)
            return
        }
        let rule = rounding(curvature.factors, layer.channels, curvature.optimism)
        let grid = GridSteps.grid(rule, isDependent: isRowMajor && rows.rowLength >= Self.shortestTrellis)
        let result = rule.round(wanted, to: grid, model)
        let size = rows.outputs * rows.rowLength
        let matrices = (0..<rows.groups).map { group in
            (group * size..<(group + 1) * size).map { at in
                Double(result.multiples[at]) * grid.step(at / rows.rowLength, at % rows.rowLength)
            }
        }
        let weight = try rows.weight(matrices, shape: layer.weight.shape)
        execution.replace(layer.linear.weight, with: weight)
        var bias: TensorData?
        if let id = layer.bias {
            let step = biasStep((share.between + share.within) * curvature.optimism)
            let data = try self.bias(layer, matrices, all.rows, step: step)
            execution.replace(id, with: data)
            bias = data
        }
        outcomes.append(
            Outcome(
                layer: layer,
                weight: weight,
                bias: bias,
                grid: grid,
                bits: result.bits,
                distortion: result.distortion
            )
        )
    }

    /// The weights to round: those that come nearest to the original's outputs on the rounded network's inputs.
    private func wanted(_ layer: CodecLayer, _ moments: [RowMoments]) throws(CNNOptError) -> [Double] {
        var result: [Double] = []
        for group in 0..<layer.rows.groups {
            let matrix = try layer.rows.matrix(layer.weight, group: group)
            let fit = LayerFit.solved(
                matrix,
                moments[group],
                ridge: Self.ridge,
                movesBias: layer.bias != nil,
                threads: work.context.threads
            )
            result += fit?.matrix ?? matrix
        }
        return result
    }

    /// The bias with which each output has the original's mean, in multiples of a step.
    private func bias(_ layer: CodecLayer, _ matrices: [[Double]], _ moments: [RowMoments], step: Double)
        throws(CNNOptError) -> TensorData
    {
        let (outputs, length) = (layer.rows.outputs, layer.rows.rowLength)
        var values: [Float] = []
        for group in 0..<layer.rows.groups {
            let (inputs, wanted) = (moments[group].meansX(centred: true), moments[group].meansY(centred: true))
            for i in 0..<outputs {
                var rest = wanted[i]
                for j in 0..<length { rest -= matrices[group][i * length + j] * inputs[j] }
                values.append(Float((rest / step).rounded() * step))
            }
        }
        return try TensorData(values, shape: layer.biasShape)
    }

    /// A power of two, small against what weights are allowed: biases are few.
    private func biasStep(_ sensitivity: Double) -> Double {
        let exponent = (0.5 * log2(8 * lambda / max(sensitivity, 1e-30))).rounded(.down)
        return exp2(min(max(exponent, -60), 60))
    }

    /// The moments of the layer's rows in the rounded network and what the original made of them, for two halves of the images.
    /// - Returns: nil where the layer cannot be read as rows.
    private func moments(_ layer: CodecLayer) throws(CNNOptError) -> [LayerCurvature.Moments]? {
        let linear = layer.linear
        guard let data = execution.pruned(linear.data), !data.isFixed, let output = execution.original(linear.output),
            let seen = execution.original(linear.data),
            try layer.rows.explains(
                data: seen.tensor(0),
                output: output.tensor(0),
                layer.weight,
                work.facts.constant(linear.bias, work.model.graph),
                seed: work.context.seed,
                threads: work.context.threads
            )
        else { return nil }
        let wanted = max(Self.rows, Self.rowsPerNumber * layer.rows.rowLength)
        let sampler = RowSampler(
            layer.rows,
            positionsPerSample: max(1, (wanted + work.sampleCount - 1) / work.sampleCount),
            seed: work.context.seed,
            threads: work.context.threads
        )
        let sides = work.sampleCount > 1 ? 2 : 1
        var halves = [LayerCurvature.Moments](
            repeating: .init(rows: sampler.empty, means: sampler.empty),
            count: sides
        )
        var first = 0
        for batch in 0..<execution.batchCount {
            let (input, target) = (data.tensor(batch), output.tensor(batch))
            for side in 0..<sides {
                func takes(_ sample: Int) -> Bool { sample % sides == side }
                guard
                    try sampler.add(data: input, targets: target, first: first, to: &halves[side].rows, where: takes),
                    try sampler.addMeans(
                        data: input,
                        output: target.shape,
                        first: first,
                        to: &halves[side].means,
                        where: takes
                    )
                else { return nil }
            }
            first += input.shape.first ?? 0
        }
        return halves
    }
}
