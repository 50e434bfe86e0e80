import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@testable import Passes

/// Rows x of `inputs` numbers and y of `outputs`, y = W·x + b + noise.
private struct Rows {
    let x: [[Float]]
    let y: [[Float]]
    let matrix: [Double]
    let bias: [Double]

    init(_ count: Int, inputs: Int, outputs: Int, noise: Double, seed: UInt64 = 1) {
        var generator = SeededGenerator(seed: seed)
        let matrix = (0..<inputs * outputs).map { _ in generator.normal() }
        let bias = (0..<outputs).map { _ in generator.normal() }
        self.matrix = matrix
        self.bias = bias
        x = (0..<count).map { _ in
            let common = generator.normal()
            return (0..<inputs).map { _ in Float(2 + common + generator.normal()) }
        }
        y = x.map { row in
            (0..<outputs).map { i in
                let sum = (0..<inputs).reduce(bias[i]) { $0 + matrix[i * inputs + $1] * Double(row[$1]) }
                return Float(sum + noise * generator.normal())
            }
        }
    }

    var moments: RowMoments {
        var result = RowMoments(inputs: x[0].count, outputs: y[0].count)
        for start in stride(from: 0, to: x.count, by: RowMoments.block) {
            let end = min(start + RowMoments.block, x.count)
            func columns(_ rows: [[Float]]) -> [Float] {
                var block = [Float](repeating: 0, count: rows[0].count * RowMoments.block)
                for (place, row) in rows[start..<end].enumerated() {
                    for (j, value) in row.enumerated() { block[j * RowMoments.block + place] = value }
                }
                return block
            }
            result.add(x: columns(x), y: columns(y), rows: end - start, threads: 2)
        }
        return result
    }

    /// The mean over rows of the squared error, summed over outputs.
    func error(_ matrix: [Double], _ bias: [Double]) -> Double {
        var total = 0.0
        for (row, wanted) in zip(x, y) {
            for i in wanted.indices {
                let sum = row.indices.reduce(bias[i]) { $0 + matrix[i * row.count + $1] * Double(row[$1]) }
                total += (sum - Double(wanted[i])) * (sum - Double(wanted[i]))
            }
        }
        return total / Double(x.count)
    }
}

@Suite struct LeastSquaresTests {
    @Test(arguments: [1, 5, 33, 100]) func choleskySolves(_ n: Int) throws {
        var generator = SeededGenerator(seed: UInt64(n))
        let root = (0..<n * n).map { _ in generator.normal() }
        var matrix = [Double](repeating: 0, count: n * n)
        for i in 0..<n {
            for j in 0..<n {
                matrix[i * n + j] = (0..<n).reduce(i == j ? 1 : 0) { $0 + root[i * n + $1] * root[j * n + $1] }
            }
        }
        let wanted = (0..<n * 3).map { _ in generator.normal() }
        var right = [Double](repeating: 0, count: n * 3)
        for i in 0..<n {
            for k in 0..<3 { right[i * 3 + k] = (0..<n).reduce(0) { $0 + matrix[i * n + $1] * wanted[$1 * 3 + k] } }
        }
        let factor = try #require(CholeskyFactor(matrix, size: n, threads: 2))
        factor.solve(&right, columns: 3, threads: 2)
        #expect(zip(right, wanted).allSatisfy { abs($0 - $1) < 1e-6 })
        let inverse = factor.inverse(threads: 2)
        for i in 0..<n {
            let one = (0..<n).reduce(0) { $0 + matrix[i * n + $1] * inverse[$1 * n + i] }
            #expect(abs(one - 1) < 1e-6)
        }
    }

    @Test func indefiniteMatricesAreRefused() {
        #expect(CholeskyFactor([1, 2, 2, 1], size: 2, threads: 1) == nil)
        #expect(CholeskyFactor([.nan], size: 1, threads: 1) == nil)
    }

    @Test func momentsGiveTheErrorOfTheRows() {
        let rows = Rows(700, inputs: 9, outputs: 4, noise: 0.5)
        let moments = rows.moments
        let other = rows.matrix.map { $0 * 0.9 }
        let (wanted, found) = (rows.error(other, rows.bias), LayerFit.error(other, rows.bias, moments))
        #expect(abs(wanted - found) < 1e-4 * wanted)
    }

    @Test func theFitFindsTheWeightsBehindTheRows() throws {
        let rows = Rows(2_000, inputs: 7, outputs: 3, noise: 0.01)
        let start = [Double](repeating: 0, count: 21)
        let fit = try #require(LayerFit.solved(start, rows.moments, ridge: 1e-6, movesBias: true, threads: 1))
        #expect(zip(fit.matrix, rows.matrix).allSatisfy { abs($0 - $1) < 0.01 })
        #expect(zip(fit.bias, rows.bias).allSatisfy { abs($0 - $1) < 0.05 })
    }

    @Test func rescalingRestoresMeanAndVariance() {
        let rows = Rows(500, inputs: 6, outputs: 2, noise: 0)
        let moments = rows.moments
        let fit = LayerFit.rescaled(rows.matrix.map { $0 * 0.4 }, moments, movesBias: true)
        #expect(LayerFit.error(fit.matrix, fit.bias, moments) < 1e-3)
    }

    @Test func whatDoesNotHelpUnseenRowsIsNotTaken() {
        // Right weights, and fewer rows than inputs to fit on: every solution is worse than what is there.
        let rows = Rows(400, inputs: 40, outputs: 2, noise: 1)
        let few = Rows(20, inputs: 40, outputs: 2, noise: 1, seed: 1)
        let best = LayerFit.best(
            rows.matrix,
            rows.bias,
            fit: few.moments,
            heldOut: rows.moments,
            movesBias: true,
            threads: 1
        )
        #expect(
            best.method == .unchanged
                || LayerFit.error(best.matrix, best.bias, rows.moments) <= rows.error(rows.matrix, rows.bias)
        )
    }
}

@Suite struct LayerRowsTests {
    /// Rows and matrix of one layer reproduce its outputs.
    @Test(
        arguments: [
            ("Conv", [4, 3, 3, 3], [Attribute("strides", [2, 1]), Attribute("pads", [1, 0, 2, 1])]),
            ("Conv", [4, 3, 3, 2], [Attribute("dilations", [2, 1])]),
            ("Conv", [6, 1, 3, 3], [Attribute("group", 3), Attribute("auto_pad", "SAME_UPPER")]),
            ("MatMul", [5, 4], []),
            ("Gemm", [4, 5], [Attribute("transB", 1)]),
        ] as [(String, [Int], [Attribute])]
    )
    func rowsAreTheLayer(_ type: String, _ shape: [Int], _ attributes: [Attribute]) throws {
        var generator = SeededGenerator(seed: 2)
        func random(_ shape: [Int]) throws -> TensorData {
            try TensorData((0..<shape.reduce(1, *)).map { _ in Float(generator.normal()) }, shape: shape)
        }
        let data = try random(shape.count == 4 ? [5, 3, 8, 7] : [5, 5])
        let model = try singleNodeModel(
            type,
            inputs: [data, try random(shape)],
            constants: [1],
            attributes: attributes
        )
        let facts = try GraphFacts(model)
        let node = try #require(Array(model.graph.nodeIDs).first)
        let found = try LinearLayer(node, model.graph, facts)
        let layer = try #require(found)
        let weight = try #require(facts.constant(layer.weight, model.graph))
        let rows = try #require(LayerRows(layer, weight: weight, facts.site(node, model.graph)))
        let output = try runOperator(type, inputs: [data, weight], attributes: attributes)[0]
        let sampler = RowSampler(rows, positionsPerSample: 50, seed: 1, threads: 1)
        var moments = sampler.empty
        let fits = try sampler.add(data: data, targets: output, first: 0, to: &moments)
        try #require(fits)
        #expect(try rows.reproduces(weight, nil, moments))
        let doubled = try TensorData(weight.array(of: Float.self).map { $0 * 2 }, shape: weight.shape)
        #expect(try !rows.reproduces(doubled, nil, moments))
        let matrices = try (0..<rows.groups).map { try rows.matrix(weight, group: $0) }
        #expect(try rows.weight(matrices, shape: weight.shape).isIdentical(to: weight))
    }
}
