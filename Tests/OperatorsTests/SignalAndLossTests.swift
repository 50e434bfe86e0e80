import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

/// Windows, spectra, losses and texts.
@Suite struct SignalAndLossTests {
    /// The values at quarters of a turn.
    private static let quarters: [String: [Float]] = [
        "HannWindow": [0, 0.5, 1, 0.5], "HammingWindow": [0.08695652, 0.5434783, 1, 0.5434783],
        "BlackmanWindow": [0, 0.34, 1, 0.34],
    ]

    @Test(arguments: ["HannWindow", "HammingWindow", "BlackmanWindow"]) func windows(_ type: String) throws {
        let wanted = try #require(Self.quarters[type])
        let whole = try runOperator(type, inputs: [TensorData([4] as [Int32], shape: [])])[0]
        #expect(try largestDifference(whole, TensorData(wanted)) < 1e-6)
        let ends = try runOperator(
            type,
            inputs: [TensorData([5] as [Int64], shape: [])],
            attributes: [Attribute("periodic", 0), Attribute("output_datatype", 11)]
        )[0]
        #expect(ends.elementType == .float64)
        #expect(try largestDifference(ends, TensorData((wanted + [wanted[0]]).map { Double($0) })) < 1e-6)
    }

    @Test func spectra() throws {
        let x = try TensorData([1, 2, 3, 4] as [Float], shape: [1, 4, 1])
        func run(_ x: TensorData, _ attributes: [Attribute] = []) throws -> TensorData {
            try runOperator("DFT", inputs: [x], attributes: attributes, opset: 20)[0]
        }
        let spectrum = try run(x)
        #expect(
            try largestDifference(spectrum, TensorData([10, 0, -2, 2, -2, 0, -2, -2] as [Float], shape: [1, 4, 2]))
                < 1e-5
        )
        let half = try run(x, [Attribute("onesided", 1)])
        #expect(half.shape == [1, 3, 2])
        let back = try run(half, [Attribute("onesided", 1), Attribute("inverse", 1)])
        #expect(try largestDifference(back, x) < 1e-5)
        let whole = try run(spectrum, [Attribute("inverse", 1)])
        #expect(
            try largestDifference(whole, TensorData([1, 0, 2, 0, 3, 0, 4, 0] as [Float], shape: [1, 4, 2])) < 1e-5
        )
        #expect(throws: CNNOptError.self) {
            try runOperator("DFT", inputs: [x, TensorData([1 << 40] as [Int64], shape: [])], opset: 20)
        }
    }

    @Test func framesOfASignal() throws {
        let x = try TensorData([1, 2, 3, 4, 5, 6] as [Float], shape: [1, 6, 1])
        let step = try TensorData([2] as [Int64], shape: [])
        let window = try TensorData([1, 1] as [Float])
        let y = try runOperator("STFT", inputs: [x, step, window])[0]
        #expect(y.shape == [1, 3, 2, 2])
        #expect(
            try largestDifference(
                y,
                TensorData([3, 0, -1, 0, 7, 0, -1, 0, 11, 0, -1, 0] as [Float], shape: [1, 3, 2, 2])
            ) < 1e-5
        )
    }

    @Test func lossesOfRightClasses() throws {
        let x = try TensorData([-1, -2, -3, -4] as [Float], shape: [2, 2])
        let target = try TensorData([1, 0] as [Int64])
        let weights = try TensorData([1, 3] as [Float])
        func run(_ reduction: String, _ weights: TensorData?, _ more: [Attribute] = []) throws -> [Float] {
            let attributes = [Attribute("reduction", reduction)] + more
            return try runOperator("NegativeLogLikelihoodLoss", inputs: [x, target, weights], attributes: attributes)[0]
                .array(of: Float.self)
        }
        #expect(try run("none", nil) == [2, 3])
        #expect(try run("sum", weights) == [9])
        #expect(try run("mean", weights) == [2.25])
        #expect(try run("mean", nil, [Attribute("ignore_index", 0)]) == [2])
        #expect(throws: CNNOptError.self) {
            try runOperator("NegativeLogLikelihoodLoss", inputs: [x, TensorData([2, 0] as [Int64])])
        }
    }

    @Test func lossesAfterASoftmax() throws {
        let x = try TensorData([0, 0, 1, 1] as [Float], shape: [2, 2])
        let target = try TensorData([1, 0] as [Int32])
        let result = try runOperator("SoftmaxCrossEntropyLoss", inputs: [x, target], outputCount: 2)
        #expect(try largestDifference(result[0], TensorData([0.6931472] as [Float], shape: [])) < 1e-6)
        #expect(
            try largestDifference(result[1], TensorData([Float](repeating: -0.6931472, count: 4), shape: [2, 2])) < 1e-6
        )
    }

    private func texts(_ list: [String], _ shape: [Int]? = nil) throws -> TensorData {
        try TensorData(strings: list.map { Array($0.utf8) }, shape: shape ?? [list.count])
    }

    @Test func textsAreJoinedAndSplit() throws {
        let joined = try runOperator("StringConcat", inputs: [texts(["a", "b"]), texts(["x"])], opset: 20)[0]
        #expect(joined.strings == ["ax", "bx"].map { Array($0.utf8) })
        let words = try runOperator("StringSplit", inputs: [texts([" one  two ", "three"])], outputCount: 2, opset: 20)
        #expect(words[0].shape == [2, 2])
        #expect(words[0].strings == ["one", "two", "three", ""].map { Array($0.utf8) })
        #expect(try words[1].array(of: Int64.self) == [2, 1])
        let parts = try runOperator(
            "StringSplit",
            inputs: [texts(["a--b--c"])],
            attributes: [Attribute("delimiter", "--"), Attribute("maxsplit", 1)],
            outputCount: 2,
            opset: 20
        )
        #expect(parts[0].strings == ["a", "b--c"].map { Array($0.utf8) })
    }

    @Test func stopWordsAreLeftOut() throws {
        let attributes = [
            Attribute("stopwords", .strings([Array("Monday".utf8)])), Attribute("case_change_action", "UPPER"),
        ]
        let days = try texts(["monday", "tuesday"])
        let kept = try runOperator("StringNormalizer", inputs: [days], attributes: attributes)[0]
        #expect(kept.strings == [Array("TUESDAY".utf8)])
        let none = try runOperator("StringNormalizer", inputs: [texts(["monday"], [1, 1])], attributes: attributes)[0]
        #expect(none.strings == [[]] && none.shape == [1, 1])
    }

    @Test(arguments: ["RandomNormalLike", "RandomUniformLike", "Bernoulli"])
    func randomNumbersAreTypedButNotDrawn(_ type: String) throws {
        let x = try TensorData(zeros: .float32, shape: [2, 3])
        let place = try site(type, [[2, 3]])
        #expect(place.outputType(0) == TensorType(.float32, [2, 3]))
        #expect(try definition(place).traits.contains(.isImpure))
        #expect(throws: CNNOptError.self) { try runOperator(type, inputs: [x]) }
    }
}
