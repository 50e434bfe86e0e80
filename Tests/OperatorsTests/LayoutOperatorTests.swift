import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct LayoutOperatorTests {
    /// 0, 1, 2… in a shape.
    private func counting(_ shape: [Int]) throws -> TensorData {
        try TensorData((0..<shape.reduce(1, *)).map { Float($0) }, shape: shape)
    }

    private func run(
        _ type: String,
        _ inputs: [TensorData?],
        _ attributes: [Attribute] = [],
        outputs: Int = 1,
        opset: Int = 17
    ) throws -> [TensorData] {
        try runOperator(type, inputs: inputs, attributes: attributes, outputCount: outputs, opset: opset)
    }

    @Test(
        arguments: [
            ([1], [5], [1], [1, 2, 3, 4]), ([-2], [Int.max], [1], [4, 5]), ([0], [-1], [2], [0, 2, 4]),
            ([-1], [Int.min], [-1], [5, 4, 3, 2, 1, 0]), ([4], [0], [-2], [4, 2]), ([10], [Int.min + 1], [-4], [5, 1]),
            ([3], [3], [1], []), ([5], [2], [1], []), ([0], [6], [Int.max], [0]), ([5], [-7], [Int.min], [5]),
            ([-100], [2], [1], [0, 1]),
        ] as [([Int], [Int], [Int], [Int])]
    )
    func slices(_ start: [Int], _ end: [Int], _ step: [Int], _ wanted: [Int]) throws {
        let axes = try TensorData.integers([0])
        let result = try run(
            "Slice",
            [counting([6]), .integers(start), .integers(end), axes, .integers(step)]
        )[0]
        #expect(try result.array(of: Float.self) == wanted.map(Float.init))
    }

    @Test(
        arguments: [
            ("constant", [2, 1], [9, 9, 0, 1, 2, 3, 9]), ("edge", [2, 1], [0, 0, 0, 1, 2, 3, 3]),
            ("reflect", [2, 1], [2, 1, 0, 1, 2, 3, 2]), ("reflect", [5, 0], [1, 2, 3, 2, 1, 0, 1, 2, 3]),
            ("wrap", [2, 1], [2, 3, 0, 1, 2, 3, 0]), ("constant", [-1, 2], [1, 2, 3, 9, 9]),
            ("edge", [-1, 2], [1, 2, 3, 3, 3]),
            ("constant", [-2, -1], [2]),
        ] as [(String, [Int], [Float])]
    )
    func pads(_ mode: String, _ pads: [Int], _ wanted: [Float]) throws {
        let result = try run(
            "Pad",
            [counting([4]), .integers(pads), TensorData([9] as [Float], shape: [])],
            [Attribute("mode", mode)],
            opset: 19
        )[0]
        #expect(try result.array(of: Float.self) == wanted)
    }

    /// Every axis padded differently, against index arithmetic.
    @Test func padsOnAllAxes() throws {
        let data = try counting([2, 3, 4])
        let result = try run("Pad", [data, .integers([1, 0, 2, 0, 1, 1])])[0]
        #expect(result.shape == [3, 4, 7])
        let values = try result.array(of: Float.self)
        for i in 0..<3 {
            for j in 0..<4 {
                for k in 0..<7 {
                    let isInside = i >= 1 && j < 3 && (2..<6).contains(k)
                    #expect(values[(i * 4 + j) * 7 + k] == (isInside ? Float(((i - 1) * 3 + j) * 4 + k - 2) : 0))
                }
            }
        }
    }

    @Test(arguments: [[0, 1, 2, 3], [3, 2, 1, 0], [0, 2, 3, 1], [0, 3, 1, 2], [1, 0, 3, 2]])
    func transposes(_ perm: [Int]) throws {
        let shape = [2, 3, 4, 5]
        let result = try run("Transpose", [counting(shape)], [Attribute("perm", perm)])[0]
        let strides = rowMajorStrides(shape)
        #expect(result.shape == perm.map { shape[$0] })
        let own = rowMajorStrides(result.shape)
        for (flat, value) in try result.array(of: Float.self).enumerated() {
            let place = perm.indices.reduce(0) { $0 + flat / own[$1] % result.shape[$1] * strides[perm[$1]] }
            #expect(value == Float(place))
        }
    }

    /// Widths from 4 bits to 16 bytes and strings take the same way.
    @Test(arguments: [
        ElementType.int4, .uint8, .bool, .float16, .int32, .float64, .complex128, .string,
    ]) func everyElementTypeMoves(_ type: ElementType) throws {
        let data: TensorData
        if type == .string {
            data = try TensorData(strings: (0..<6).map { Array("s\($0)".utf8) }, shape: [2, 3])
        } else {
            let bytes = try TensorData.byteCount(type, [2, 3]).bytes
            var filled = try TensorData(zeros: type, shape: [2, 3])
            try filled.withMutableBytes { (raw) throws(CNNOptError) in
                for i in 0..<bytes { raw[i] = UInt8(truncatingIfNeeded: 37 * i + 1) }
            }
            data = filled
        }
        let once = try run("Transpose", [data])[0]
        #expect(once.shape == [3, 2])
        #expect(once.elementType == type)
        let there = try run("Concat", [once, once], [Attribute("axis", 0)])[0]
        let back = try run("Split", [there], [Attribute("axis", 0)], outputs: 2)
        #expect(try run("Transpose", [back[1]])[0].isIdentical(to: data))
    }

    @Test func droppedLabelsKeepTheirShape() throws {
        let results = try run("Dropout", [counting([2, 2])], outputs: 2)
        #expect(try results[0].array(of: Float.self) == [0, 1, 2, 3])
        #expect(try results[1].array(of: UInt8.self) == [1, 1, 1, 1])
    }

    @Test(
        arguments: [
            (["Reshape"], [4, 5]), (["Reshape"], [-1, 0, 0]), (["Reshape"], [-1, -1]), (["Reshape"], [-2, 3]),
            (["Expand"], [4]), (["Expand"], [Int.max, Int.max, 1, 1]), (["Tile"], [Int.max, 1]), (["Tile"], [-1, 1]),
            (["Tile"], [2]), (["Pad"], [Int.max, 0, 0, 0]), (["Pad"], [0, 0, 0]), (["Pad"], [-3, 0, 0, 0]),
            (["Split"], [3, 4]), (["Split"], [Int.max, 1]), (["Gather"], [2]), (["Gather"], [Int.min]),
            (["Unsqueeze"], [7]), (["Unsqueeze"], [0, 0]), (["Squeeze"], [0]), (["ConstantOfShape"], [-1]),
            (["ConstantOfShape"], [Int.max, 3]), (["ConstantOfShape"], [1 << 40]),
        ] as [([String], [Int])]
    )
    func hostileSizesAreErrors(_ type: [String], _ sizes: [Int]) throws {
        let data = try counting([2, 3])
        let list = try TensorData.integers(sizes)
        for constants in [Set<Int>(), [1]] {
            let error = #expect(throws: CNNOptError.self) {
                try runOperator(
                    type[0],
                    inputs: type[0] == "ConstantOfShape" ? [list] : [data, list],
                    constants: type[0] == "ConstantOfShape" && !constants.isEmpty ? [0] : constants,
                    outputCount: type[0] == "Split" ? 2 : 1,
                    opset: 13
                )
            }
            #expect(error?.exitStatus == 65)
            #expect(error?.location.node == "node")
        }
    }

    /// Sizes beside a 0 are not bounded by memory: nothing may multiply them or count up to them.
    @Test(
        arguments: [
            ("EyeLike", [1 << 62, 0], []), ("Trilu", [0, 2, 1 << 62], []),
            ("ReverseSequence", [1 << 40, 1 << 40, 0], []),
            ("DepthToSpace", [0, 4, 1 << 62, 1], [Attribute("blocksize", 2)]),
            ("Slice", [0, 1 << 62, 1 << 62], [Attribute("starts", [1 << 61]), Attribute("ends", [Int.max])]),
            ("Transpose", [0, 1 << 62, 1 << 62], []), ("Flatten", [1 << 62, 1 << 62, 0], []),
            ("NonZero", [1 << 62, 0], []),
            ("Split", [0, 1 << 62, 1 << 62], []),
        ] as [(String, [Int], [Attribute])]
    )
    func emptyTensorsOfGiantSizesAreHarmless(_ type: String, _ shape: [Int], _ attributes: [Attribute]) throws {
        var inputs: [TensorData?] = [try TensorData(zeros: .float32, shape: shape)]
        if type == "ReverseSequence" { inputs.append(try TensorData.integers([1])) }
        do {
            let results = try run(type, inputs, attributes, opset: type == "Slice" ? 9 : 17)
            #expect(results.allSatisfy { $0.count == 0 })
        } catch let error as CNNOptError {
            #expect(error.exitStatus == 65)
        }
    }

    @Test func scattersCombine() throws {
        let data = try TensorData([1, 2, 3, 4] as [Float])
        let indices = try TensorData.integers([1, -1, 1])
        let updates = try TensorData([10, 20, 30] as [Float])
        for (reduction, wanted) in [
            ("none", [1, 30, 3, 20]), ("add", [1, 42, 3, 24]), ("mul", [1, 600, 3, 80]), ("max", [1, 30, 3, 20]),
            ("min", [1, 2, 3, 4]),
        ] as [(String, [Float])] {
            let result = try run(
                "ScatterElements",
                [data, indices, updates],
                [Attribute("reduction", reduction)],
                opset: 18
            )[0]
            #expect(try result.array(of: Float.self) == wanted)
        }
        let slices = try run(
            "ScatterND",
            [
                counting([3, 2]), TensorData([2, 0] as [Int64], shape: [2, 1]),
                TensorData([7, 8, 9, 10] as [Float], shape: [2, 2]),
            ]
        )[0]
        #expect(try slices.array(of: Float.self) == [9, 10, 2, 3, 7, 8])
    }

    @Test func ranges() throws {
        func range(_ a: Int64, _ b: Int64, _ step: Int64) throws -> [Int64] {
            try run(
                "Range",
                [TensorData([a], shape: []), TensorData([b], shape: []), TensorData([step], shape: [])]
            )[0]
            .array(of: Int64.self)
        }
        #expect(try range(3, 10, 3) == [3, 6, 9])
        #expect(try range(10, 3, -3) == [10, 7, 4])
        #expect(try range(3, 3, 1).isEmpty)
        #expect(throws: CNNOptError.self) { try range(0, 5, 0) }
        #expect(throws: CNNOptError.self) { try range(Int64.min, Int64.max, 1) }
        let halves = try run(
            "Range",
            [
                TensorData([0] as [Float], shape: []), TensorData([1] as [Float], shape: []),
                TensorData([0.25] as [Float], shape: []),
            ]
        )[0]
        #expect(try halves.array(of: Float.self) == [0, 0.25, 0.5, 0.75])
    }
}
