import Foundation
import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct NormalizationTests {
    @Test(arguments: [6, 7, 9, 14, 15]) func batchNormalizationUsesStoredStatistics(_ opset: Int) throws {
        let x = try TensorData([1, 2, 3, 4, 5, 6, 7, 8] as [Float], shape: [2, 2, 2])
        let parameters: [[Float]] = [[2, 1], [0, 10], [1, 3], [3.99999, 0.99999]]
        let inputs = [x] + (try parameters.map { try TensorData($0) })
        let y = try runOperator("BatchNormalization", inputs: inputs, opset: opset)[0]
        let wanted: [Double] = [0, 1, 10, 11, 4, 5, 14, 15]
        #expect(try largestDifference(y, TensorData(wanted, shape: [2, 2, 2])) < 1e-5)
    }

    @Test func oldBatchNormalizationMayHaveStatisticsForEveryElement() throws {
        let x = try TensorData([1, 2, 3, 4] as [Float], shape: [1, 2, 2])
        let ones = try TensorData([1, 1, 1, 1] as [Float], shape: [2, 2])
        let mean = try TensorData([1, 1, 1, 0] as [Float], shape: [2, 2])
        let zeros = try TensorData([0, 0, 0, 0] as [Float], shape: [2, 2])
        let attributes = [Attribute("spatial", 0), Attribute("epsilon", Float(0))]
        let inputs = [x, ones, zeros, mean, ones]
        let y = try runOperator("BatchNormalization", inputs: inputs, attributes: attributes, opset: 7)[0]
        #expect(try y.array(of: Float.self) == [0, 1, 2, 4])
    }

    /// Mean 2 and variance 1 of the batch; the stored ones move halfway towards them.
    @Test func trainingTakesTheStatisticsOfTheBatch() throws {
        func one(_ value: Float) throws -> TensorData { try TensorData([value]) }
        let x = try TensorData([1, 3] as [Float], shape: [2, 1])
        let attributes = [
            Attribute("training_mode", 1), Attribute("epsilon", Float(0)), Attribute("momentum", Float(0.5)),
        ]
        let results = try runOperator(
            "BatchNormalization",
            inputs: [x, one(2), one(5), one(0), one(3)],
            attributes: attributes,
            outputCount: 3
        )
        #expect(try results[0].array(of: Float.self) == [3, 7])
        #expect(try results[1].array(of: Float.self) == [1])
        #expect(try results[2].array(of: Float.self) == [2])
    }

    /// Rows as index lists, collected from the definition: before operator set 13 all axes from `axis` on.
    @Test(arguments: [11, 13], [0, 1, 2, -1]) func softmaxRunsAlongItsRows(_ opset: Int, _ axis: Int) throws {
        var random = SeededGenerator(seed: 4)
        let shape = [2, 3, 4]
        let x = try randomTensor(shape, &random)
        let values = try x.doubles()
        let first = axis < 0 ? axis + 3 : axis
        let strides = rowMajorStrides(shape)
        var rows: [[Int]: [Int]] = [:]
        for flat in values.indices {
            let key = (0..<3).map { place in
                (opset < 13 ? place >= first : place == first) ? -1 : flat / strides[place] % shape[place]
            }
            rows[key, default: []].append(flat)
        }
        var (soft, log, hard) = (values, values, [Double](repeating: 0, count: 24))
        for row in rows.values {
            let sum = row.map { exp(values[$0]) }.reduce(0, +)
            for flat in row {
                soft[flat] = exp(values[flat]) / sum
                log[flat] = values[flat] - Foundation.log(sum)
            }
            if let best = row.sorted().max(by: { values[$0] < values[$1] }) { hard[best] = 1 }
        }
        for (type, wanted) in [("Softmax", soft), ("LogSoftmax", log), ("Hardmax", hard)] {
            let y = try runOperator(type, inputs: [x], attributes: [Attribute("axis", axis)], opset: opset)[0]
            #expect(try largestDifference(y, TensorData(wanted, shape: shape)) < 1e-6)
        }
    }

    @Test func softmaxOfLargeNumbersStaysFinite() throws {
        let x = try TensorData([1000, 1000, -1000, -.infinity] as [Float], shape: [1, 4])
        #expect(try runOperator("Softmax", inputs: [x])[0].array(of: Float.self) == [0.5, 0.5, 0, 0])
    }

    @Test(arguments: [18, 21]) func groupsAreNormalizedApart(_ opset: Int) throws {
        // Two groups of two channels of one element: ±1 before scaling.
        let x = try TensorData([1, 3, 10, 20] as [Float], shape: [1, 4, 1])
        let scale = try TensorData(opset < 21 ? [1, 2] : [1, 1, 2, 2] as [Float])
        let bias = try TensorData(opset < 21 ? [0, 5] : [0, 0, 5, 5] as [Float])
        let y = try runOperator(
            "GroupNormalization",
            inputs: [x, scale, bias],
            attributes: [Attribute("num_groups", 2), Attribute("epsilon", Float(0))],
            opset: opset
        )[0]
        #expect(try y.array(of: Float.self) == [-1, 1, 3, 7])
    }

    @Test func aLayerIsNormalizedOverItsLastAxes() throws {
        let x = try TensorData([1, 3, 10, 20] as [Float], shape: [2, 2])
        let results = try runOperator(
            "LayerNormalization",
            inputs: [x, TensorData([2, 1] as [Float]), TensorData([0, 1] as [Float])],
            attributes: [Attribute("epsilon", Float(0))],
            outputCount: 3
        )
        #expect(try results[0].array(of: Float.self) == [-2, 2, -2, 2])
        #expect(try results[1].array(of: Float.self) == [2, 15])
        #expect(try results[2].array(of: Float.self) == [1, 0.2])
        #expect(results[1].shape == [2, 1])
    }

    @Test func instancesAreNormalizedPlaneByPlane() throws {
        let x = try TensorData([1, 3, 10, 20] as [Float], shape: [1, 2, 2])
        let (scale, bias) = (try TensorData([1, 2] as [Float]), try TensorData([0, 1] as [Float]))
        let y = try runOperator(
            "InstanceNormalization",
            inputs: [x, scale, bias],
            attributes: [Attribute("epsilon", Float(0))]
        )[0]
        #expect(try y.array(of: Float.self) == [-1, 1, -1, 3])
    }

    @Test func normsDivideTheirRows() throws {
        let x = try TensorData([3, 4, 0, 0] as [Float], shape: [2, 2])
        #expect(try runOperator("LpNormalization", inputs: [x])[0].array(of: Float.self) == [0.6, 0.8, 0, 0])
        let one = try runOperator(
            "LpNormalization",
            inputs: [x],
            attributes: [Attribute("p", 1), Attribute("axis", 0)]
        )[0]
        #expect(try one.array(of: Float.self) == [1, 1, 0, 0])
    }

    /// size 3: each channel sees its neighbours; size 2: itself and the next.
    @Test(arguments: [(3, [5, 14, 13] as [Double]), (2, [5, 13, 9])]) func responsesAreDampedByTheirNeighbours(
        _ size: Int,
        _ sums: [Double]
    ) throws {
        let x = try TensorData([1, 2, 3] as [Float], shape: [1, 3, 1])
        let y = try runOperator(
            "LRN",
            inputs: [x],
            attributes: [
                Attribute("size", size), Attribute("alpha", Float(size)), Attribute("beta", Float(1)),
                Attribute("bias", Float(1)),
            ]
        )[0]
        let wanted = zip([1.0, 2, 3], sums).map { $0 / (1 + $1) }
        #expect(try largestDifference(y, TensorData(wanted, shape: [1, 3, 1])) < 1e-6)
    }

    @Test func barriersLieAlongTheNormalizedAxes() throws {
        func axes(_ type: String, _ attributes: [Attribute] = [], opset: Int = 17) throws -> [Int] {
            let site = try site(
                type,
                [[2, 4, 6], [4], [4]].prefix(type == "GroupNormalization" ? 3 : 1).map { $0 },
                attributes,
                opset: opset
            )
            return try Set(definition(site).coupling(site).links.filter { $0.from.port == .input(0) }.map(\.from.axis))
                .sorted()
        }
        #expect(try axes("Softmax", [Attribute("axis", 1)]) == [0, 2])
        #expect(try axes("Softmax", [Attribute("axis", 1)], opset: 11) == [0])
        #expect(try axes("LRN", [Attribute("size", 3)]) == [0, 2])
        #expect(try axes("MeanVarianceNormalization", [Attribute("axes", [0, 2])]) == [1])
        let group = try site("GroupNormalization", [[2, 4, 6], [4], [4]], [Attribute("num_groups", 2)], opset: 21)
        let output = ChannelCoupling.Axis(.output(0), 1)
        #expect(try definition(group).coupling(group).links.contains(.init(output, output, count: 2, outer: 2)))
    }
}
