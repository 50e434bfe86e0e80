import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

/// Recurrent layers, attention and what travels with them.
@Suite struct SequenceLayerTests {
    /// Weights of one number each, so that every step can be written out.
    private func run(
        _ type: String,
        gates: Int,
        _ x: [Float],
        _ attributes: [Attribute] = [],
        directions: Int = 1,
        lengths: [Int32]? = nil
    ) throws -> [TensorData] {
        let input = try TensorData(x, shape: [x.count, 1, 1])
        let w = try TensorData([Float](repeating: 1, count: gates * directions), shape: [directions, gates, 1])
        let r = try TensorData([Float](repeating: 0.5, count: gates * directions), shape: [directions, gates, 1])
        let count = try lengths.map { try TensorData($0) }
        let outputs = type == "LSTM" ? 3 : 2
        return try runOperator(type, inputs: [input, w, r, nil, count], attributes: attributes, outputCount: outputs)
    }

    private let relu = Attribute("activations", .strings([Array("Relu".utf8)]))

    @Test func plainRecurrence() throws {
        let result = try run("RNN", gates: 1, [1, 2, 3], [relu])
        #expect(result[0].shape == [3, 1, 1, 1])
        #expect(try result[0].array(of: Float.self) == [1, 2.5, 4.25])
        #expect(try result[1].array(of: Float.self) == [4.25])
        let back = try run("RNN", gates: 1, [1, 2, 3], [relu, Attribute("direction", "reverse")])
        #expect(try back[0].array(of: Float.self) == [2.75, 3.5, 3])
        #expect(try back[1].array(of: Float.self) == [2.75])
        let short = try run("RNN", gates: 1, [1, 2, 3], [relu], lengths: [2])
        #expect(try short[0].array(of: Float.self) == [1, 2.5, 0])
        #expect(try short[1].array(of: Float.self) == [2.5])
        let clipped = try run("RNN", gates: 1, [1, 2, 3], [relu, Attribute("clip", 2 as Float)])
        #expect(try clipped[0].array(of: Float.self) == [1, 2, 2])
    }

    @Test func bothDirections() throws {
        let both = Attribute("activations", .strings([Array("Relu".utf8), Array("Affine".utf8)]))
        let attributes = [
            both, Attribute("direction", "bidirectional"), Attribute("activation_alpha", .floats([2])),
            Attribute("activation_beta", .floats([1])),
        ]
        let result = try run("RNN", gates: 1, [1, 2], attributes, directions: 2)
        // Backwards: 2·2 + 1 = 5, then 2·(1 + 2.5) + 1 = 8.
        #expect(try result[0].array(of: Float.self) == [1, 8, 2.5, 5])
        #expect(try result[1].array(of: Float.self) == [2.5, 8])
    }

    /// With every gate a plain identity the cells can be written out: z = r = h = x + s/2.
    @Test func gatesAreJoined() throws {
        let plain = [UInt8]("Affine".utf8)
        let gru = try run("GRU", gates: 3, [1, 2], [Attribute("activations", .strings([plain, plain]))])
        // First z = r = 1 and state 0·h + 1·0 = 0, then again z = 2: (1 − 2)·2 + 2·0.
        #expect(try gru[0].array(of: Float.self) == [0, -2])
        let lstm = try run("LSTM", gates: 4, [1, 2], [Attribute("activations", .strings([plain, plain, plain]))])
        // Memory 1·1, state 1·1; gates 2.5: memory 2.5·1 + 2.5·2.5, state 2.5 times that.
        #expect(try lstm[2].array(of: Float.self) == [8.75])
        #expect(try lstm[0].array(of: Float.self) == [1, 21.875])
    }

    @Test func weightsThatDoNotFitAreRefused() throws {
        let x = try TensorData(zeros: .float32, shape: [2, 1, 3])
        let w = try TensorData(zeros: .float32, shape: [1, 4, 2])
        let r = try TensorData(zeros: .float32, shape: [1, 4, 1])
        #expect(throws: CNNOptError.self) { try runOperator("LSTM", inputs: [x, w, r], outputCount: 3) }
        #expect(throws: CNNOptError.self) {
            try run("RNN", gates: 1, [1], [Attribute("activations", .strings([Array("Sine".utf8)]))])
        }
    }

    private func heads(_ values: [Float]) throws -> TensorData {
        try TensorData(values, shape: [1, 1, values.count, 1])
    }

    @Test func attentionMixesValues() throws {
        let (q, k, v) = (try heads([0, 0]), try heads([3, 5]), try heads([2, 4]))
        let even = try runOperator("Attention", inputs: [q, k, v], outputCount: 4, opset: 23)
        #expect(try even[0].array(of: Float.self) == [3, 3])
        #expect(try even[3].array(of: Float.self) == [0, 0, 0, 0])
        let causal = [Attribute("is_causal", 1), Attribute("qk_matmul_output_mode", 3)]
        let masked = try runOperator("Attention", inputs: [q, k, v], attributes: causal, outputCount: 4, opset: 23)
        #expect(try masked[0].array(of: Float.self) == [2, 3])
        #expect(try masked[3].array(of: Float.self) == [1, 0, 0.5, 0.5])
    }

    @Test func masksCachesAndWindows() throws {
        let (q, k, v) = (try heads([0]), try heads([3]), try heads([6]))
        let (past, before) = (try heads([1, 2]), try heads([0, 3]))
        func run(_ mask: TensorData?, _ attributes: [Attribute] = []) throws -> [Float] {
            let inputs: [TensorData?] = [q, k, v, mask, past, before]
            let result = try runOperator("Attention", inputs: inputs, attributes: attributes, outputCount: 3, opset: 25)
            #expect(try result[2].array(of: Float.self) == [0, 3, 6])
            return try result[0].array(of: Float.self)
        }
        #expect(try run(nil) == [3])
        let last = try TensorData.make(UInt8.self, as: .bool, shape: [1, 3]) { $0[2] = 1 }
        #expect(try run(last) == [6])
        #expect(try run(TensorData(zeros: .bool, shape: [1, 3])) == [0])
        // A short mask hides what lies past its end.
        #expect(try run(TensorData([0, 0] as [Float], shape: [1, 2])) == [1.5])
        #expect(try run(nil, [Attribute("left_window_size", 1)]) == [4.5])
    }

    @Test func positionsTurnPairs() throws {
        let x = try TensorData([1, 2, 3, 4] as [Float], shape: [1, 1, 1, 4])
        let (c, s) = (
            try TensorData([0, 1] as [Float], shape: [1, 1, 2]), try TensorData([1, 0] as [Float], shape: [1, 1, 2])
        )
        let halves = try runOperator("RotaryEmbedding", inputs: [x, c, s], opset: 23)[0]
        #expect(try halves.array(of: Float.self) == [-3, 2, 1, 4])
        let pairs = try runOperator(
            "RotaryEmbedding",
            inputs: [x, c, s],
            attributes: [Attribute("interleaved", 1)],
            opset: 23
        )[0]
        #expect(try pairs.array(of: Float.self) == [-2, 1, 3, 4])
    }

    @Test func statesOfLinearAttention() throws {
        let token = { (values: [Float]) in try TensorData(values, shape: [1, 2, 1]) }
        let attributes = [
            Attribute("q_num_heads", 1), Attribute("kv_num_heads", 1), Attribute("update_rule", "linear"),
            Attribute("scale", 1 as Float),
        ]
        let inputs: [TensorData?] = [try token([1, 2]), try token([3, 4]), try token([5, 6])]
        let plain = try runOperator(
            "LinearAttention",
            inputs: inputs,
            attributes: attributes,
            outputCount: 2,
            opset: 27
        )
        // States 15 and 15 + 24.
        #expect(try plain[0].array(of: Float.self) == [15, 78])
        #expect(try plain[1].array(of: Float.self) == [39])
        var correcting = attributes
        correcting[2] = Attribute("update_rule", "delta")
        let rates = try token([1, 0.5])
        let delta = try runOperator(
            "LinearAttention",
            inputs: inputs + [nil, nil, rates],
            attributes: correcting,
            outputCount: 2,
            opset: 27
        )
        // The second value becomes 0.5·(6 − 15·4) = −27: state 15 − 108.
        #expect(try delta[1].array(of: Float.self) == [-93])
    }

    @Test func convolutionsOfThePast() throws {
        let x = try TensorData([1, 2, 3] as [Float], shape: [1, 1, 3])
        let w = try TensorData([10, 1] as [Float], shape: [1, 1, 2])
        let past = try TensorData([5] as [Float], shape: [1, 1, 1])
        let result = try runOperator("CausalConvWithState", inputs: [x, w, nil, past], outputCount: 2, opset: 27)
        #expect(try result[0].array(of: Float.self) == [51, 12, 23])
        #expect(try result[1].array(of: Float.self) == [3])
    }

    @Test func gatedUnits() throws {
        let a = try TensorData([0, 100] as [Float])
        let b = try TensorData([7, 2] as [Float])
        #expect(try runOperator("SwiGLU", inputs: [a, b], opset: 28)[0].array(of: Float.self) == [0, 200])
        let x = try TensorData([3, 4] as [Float], shape: [1, 2])
        let y = try runOperator(
            "RMSNormalization",
            inputs: [x, TensorData([1, 2] as [Float])],
            attributes: [Attribute("epsilon", 0 as Float)],
            opset: 23
        )[0]
        #expect(try largestDifference(y, TensorData([0.84852814, 2.2627417] as [Float], shape: [1, 2])) < 1e-6)
    }
}
