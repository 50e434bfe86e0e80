import Foundation
import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct ReductionTests {
    static let joins: [(type: String, join: @Sendable ([Double]) -> Double)] = [
        ("ReduceSum", { $0.reduce(0, +) }), ("ReduceMean", { $0.reduce(0, +) / Double($0.count) }),
        ("ReduceMax", { $0.max() ?? -.infinity }), ("ReduceMin", { $0.min() ?? .infinity }),
        ("ReduceProd", { $0.reduce(1, *) }), ("ReduceL1", { $0.map(abs).reduce(0, +) }),
        ("ReduceL2", { $0.map { $0 * $0 }.reduce(0, +).squareRoot() }),
        ("ReduceLogSum", { log($0.reduce(0, +)) }), ("ReduceLogSumExp", { log($0.map { exp($0) }.reduce(0, +)) }),
        ("ReduceSumSquare", { $0.map { $0 * $0 }.reduce(0, +) }),
    ]
    static let shapes: [(shape: [Int], axes: [Int])] = [
        ([2, 3, 4, 5], [2, 3]), ([2, 3, 4, 5], [1]), ([2, 3, 4, 5], [0, 2]), ([2, 3, 4, 5], [-1, 0]),
        ([2, 3, 4, 5], []),
        ([1, 7, 1], [0, 2]), ([7], [0]), ([], []),
    ]

    @Test(arguments: joins.indices, shapes.indices)
    func matchesAJoinOfCollectedElements(_ join: Int, _ shape: Int) throws {
        let (type, join) = Self.joins[join]
        let (sizes, axes) = Self.shapes[shape]
        var random = SeededGenerator(seed: 3)
        let values = (0..<sizes.reduce(1, *)).map { _ in Double.random(in: 0.5..<1.5, using: &random) }
        let reduced = axes.isEmpty ? Set(sizes.indices) : Set(axes.map { $0 < 0 ? $0 + sizes.count : $0 })
        let strides = rowMajorStrides(sizes)
        var groups: [[Int]: [Double]] = [:]
        var order: [[Int]] = []
        for (flat, value) in values.enumerated() {
            let key = sizes.indices.map { reduced.contains($0) ? 0 : flat / strides[$0] % sizes[$0] }
            if groups[key] == nil { order.append(key) }
            groups[key, default: []].append(value)
        }
        let expected = order.map { join(groups[$0] ?? []) }
        let isSum = type == "ReduceSum"
        for keeps in [0, 1] {
            let shape = sizes.indices.compactMap { reduced.contains($0) ? (keeps == 1 ? 1 : nil) : sizes[$0] }
            for (opset, usesInput) in [(isSum ? 11 : 17, false), (isSum ? 13 : 18, true)] {
                for elementType in [ElementType.float32, .float64] {
                    var inputs: [TensorData?] = [try TensorData(values, shape: sizes).cast(to: elementType)]
                    var attributes = [Attribute("keepdims", keeps)]
                    if usesInput, !axes.isEmpty { inputs.append(try TensorData(axes.map(Int64.init))) }
                    if !usesInput, !axes.isEmpty { attributes.append(Attribute("axes", axes)) }
                    let constants = try runOperator(
                        type,
                        inputs: inputs,
                        constants: [1],
                        attributes: attributes,
                        opset: opset
                    )
                    let computed = try runOperator(type, inputs: inputs, attributes: attributes, opset: opset)
                    #expect(constants[0].isIdentical(to: computed[0]))
                    #expect(computed[0].shape == shape)
                    for (found, wanted) in zip(try computed[0].doubles(), expected) {
                        #expect(abs(found - wanted) <= 1e-6 * max(1, abs(wanted)))
                    }
                }
            }
        }
    }

    @Test func noAxesMayMeanNoReduction() throws {
        let x = try TensorData([1, -2] as [Float], shape: [2, 1])
        let empty = try TensorData([Int64]())
        let noop = Attribute("noop_with_empty_axes", 1)
        #expect(try runOperator("ReduceSum", inputs: [x, empty], attributes: [noop])[0].isIdentical(to: x))
        #expect(try runOperator("ReduceSum", inputs: [x], attributes: [noop])[0].isIdentical(to: x))
        #expect(try runOperator("ReduceSum", inputs: [x, empty])[0].array(of: Float.self) == [-1])
    }

    @Test(arguments: [
        ("ReduceSum", 0), ("ReduceProd", 1), ("ReduceMax", -Float.infinity), ("ReduceMin", Float.infinity),
        ("ReduceLogSum", -Float.infinity), ("ReduceLogSumExp", -Float.infinity), ("ReduceL2", 0),
    ])
    func emptyAxesGiveTheNeutralElement(_ type: String, _ neutral: Float) throws {
        let x = try TensorData(zeros: .float32, shape: [2, 0, 3])
        let result = try runOperator(type, inputs: [x, TensorData([Int64(1)])], opset: 20)[0]
        #expect(result.shape == [2, 1, 3])
        #expect(try result.array(of: Float.self) == [Float](repeating: neutral, count: 6))
        #expect(try runOperator(type, inputs: [x, TensorData([Int64(0)])], opset: 20)[0].shape == [1, 0, 3])
    }

    @Test func exponentialsDoNotOverflow() throws {
        let x = try TensorData([1000, 1000, -Float.infinity] as [Float])
        let result = try runOperator("ReduceLogSumExp", inputs: [x], opset: 18)[0].array(of: Float.self)
        #expect(result == [Float(1000.6931471805599)])
    }

    @Test func integersAreReducedAsIntegers() throws {
        let x = try TensorData([100, 100, -3] as [Int8])
        #expect(try runOperator("ReduceMax", inputs: [x])[0].array(of: Int8.self) == [100])
        let wide = try TensorData([Int64.max, 1, -2])
        #expect(try runOperator("ReduceSum", inputs: [wide])[0].array(of: Int64.self) == [Int64.max - 1])
        #expect(
            try runOperator("ReduceMean", inputs: [TensorData([-7, 2] as [Int32])])[0].array(of: Int32.self) == [-2]
        )
    }

    @Test(arguments: [[4], [-3], [0, 0], [1, -1]])
    func axesThatAreOutsideOrRepeatedAreErrors(_ axes: [Int]) throws {
        let x = try TensorData(zeros: .float32, shape: [2, 2])
        let input = try TensorData(axes.map(Int64.init))
        #expect(throws: CNNOptError.self) { try runOperator("ReduceMax", inputs: [x, input], opset: 18) }
        #expect(throws: CNNOptError.self) {
            try runOperator("ReduceMax", inputs: [x], attributes: [Attribute("axes", axes)], opset: 13)
        }
    }
}
