import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct ResizeTests {
    @Test(arguments: [7, 9]) func upsamplingRepeatsElements(_ opset: Int) throws {
        let x = try TensorData([1, 2, 3, 4] as [Float], shape: [1, 1, 2, 2])
        let scales: [Float] = [1, 1, 2, 3]
        let y =
            if opset == 7 {
                try runOperator(
                    "Upsample",
                    inputs: [x],
                    attributes: [Attribute("scales", .floats(scales))],
                    opset: opset
                )[0]
            } else {
                try runOperator("Upsample", inputs: [x, TensorData(scales)], constants: [1], opset: opset)[0]
            }
        #expect(y.shape == [1, 1, 4, 6])
        #expect(
            try y.array(of: Float.self) == [1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 3, 3, 3, 4, 4, 4]
        )
    }

    @Test func wholeNumbersAndTexts() throws {
        let bytes = try TensorData([0, 10, 20, 30] as [UInt8])
        let scales = try TensorData([2] as [Float])
        func run(_ x: TensorData, _ mode: String) throws -> TensorData {
            try runOperator("Resize", inputs: [x, nil, scales], constants: [2], attributes: [Attribute("mode", mode)])[
                0
            ]
        }
        #expect(try run(bytes, "linear").array(of: UInt8.self) == [0, 2, 7, 12, 17, 22, 27, 30])
        let words = try TensorData(strings: [[65], [66]], shape: [2])
        #expect(try run(words, "nearest").strings == [[65], [65], [66], [66]])
        let nibbles = try TensorData([1, -2] as [Int8]).cast(to: .int4)
        #expect(try run(nibbles, "nearest").cast(to: .int8).array(of: Int8.self) == [1, 1, -2, -2])
    }

    /// x = 0 10 20 30, resized along its only axis.
    @Test(
        arguments: [
            ("linear", "half_pixel", 2, [0, 2.5, 7.5, 12.5, 17.5, 22.5, 27.5, 30]),
            ("linear", "asymmetric", 2, [0, 5, 10, 15, 20, 25, 30, 30]),
            ("linear", "align_corners", 1.75, [0, 5, 10, 15, 20, 25, 30]), ("linear", "half_pixel", 0.5, [5, 25]),
            ("linear", "pytorch_half_pixel", 0.25, [0]), ("nearest", "asymmetric", 0.5, [0, 20]),
            ("nearest", "half_pixel", 0.5, [0, 20]), ("nearest", "tf_half_pixel_for_nn", 0.5, [10, 30]),
        ] as [(String, String, Float, [Float])]
    )
    func coordinatesFollowTheirMode(_ mode: String, _ coordinates: String, _ scale: Float, _ wanted: [Float]) throws {
        let x = try TensorData([0, 10, 20, 30] as [Float], shape: [1, 4])
        let attributes = [
            Attribute("mode", mode), Attribute("coordinate_transformation_mode", coordinates),
        ]
        let scales = try TensorData([1, scale])
        let y = try runOperator("Resize", inputs: [x, nil, scales], attributes: attributes, opset: 13)[0]
        #expect(try y.array(of: Float.self) == wanted)
        let sizes = try TensorData([1, wanted.count].map(Int64.init))
        let sized = try runOperator("Resize", inputs: [x, nil, nil, sizes], attributes: attributes, opset: 13)[0]
        #expect(try sized.array(of: Float.self) == wanted)
    }

    @Test func cubicKeepsStraightLines() throws {
        let x = try TensorData((0..<12).map { Float($0) }, shape: [1, 12])
        let y = try runOperator(
            "Resize",
            inputs: [x, nil, TensorData([1, 2] as [Float])],
            attributes: [Attribute("mode", "cubic"), Attribute("cubic_coeff_a", Float(-0.5))]
        )[0].array(of: Float.self)
        for i in 4..<20 { #expect(abs(y[i] - (Float(i) + 0.5) / 2 + 0.5) < 1e-5) }
    }

    @Test func antialiasedShrinkingAverages() throws {
        let x = try TensorData([0, 4, 0, 4, 0, 4, 0, 4] as [Float], shape: [1, 8])
        let y = try runOperator(
            "Resize",
            inputs: [x, nil, TensorData([1, 0.5] as [Float])],
            attributes: [Attribute("mode", "linear"), Attribute("antialias", 1)],
            opset: 18
        )[0].array(of: Float.self)
        // Weights 1 3 3 1 over 8 around each pair; at the edges those that fall outside read the edge.
        #expect(y == [1.5, 2, 2, 2.5])
    }

    @Test(arguments: [Float.nan, -1, 0, .infinity, 1e30]) func hostileScalesAreRefused(_ scale: Float) throws {
        let x = try TensorData([0, 10, 20, 30] as [Float], shape: [1, 4])
        for mode in ["nearest", "linear", "cubic"] {
            #expect(throws: CNNOptError.self) {
                try runOperator(
                    "Resize",
                    inputs: [x, nil, TensorData([1, scale])],
                    attributes: [Attribute("mode", mode)]
                )
            }
        }
    }

    @Test(arguments: [Float.nan, .infinity, -1e30, 0.5]) func hostileRegionsAreNoTrap(_ edge: Float) throws {
        let x = try TensorData([0, 10, 20, 30] as [Float], shape: [1, 4])
        let region = try TensorData([0, edge, 1, 2] as [Float])
        let y = try runOperator(
            "Resize",
            inputs: [x, region, nil, TensorData([1, 3] as [Int64])],
            attributes: [
                Attribute("mode", "linear"), Attribute("coordinate_transformation_mode", "tf_crop_and_resize"),
                Attribute("extrapolation_value", Float(7)),
            ]
        )[0]
        #expect(y.shape == [1, 3])
        // Places 1.5, 3.75 and 6 of an axis that ends at 3.
        if edge == 0.5 { #expect(try y.array(of: Float.self) == [15, 7, 7]) }
    }

    @Test func channelsPassWhereTheyAreNotScaled() throws {
        let x = try TensorData(zeros: .float32, shape: [1, 6, 4, 4])
        let sizes = try TensorData([1, 6, 8, 8] as [Int64])
        let model = try singleNodeModel("Resize", inputs: [x, nil, nil, sizes], constants: [3])
        let facts = try GraphFacts(model)
        let node = try #require(Array(model.graph.nodeIDs).first)
        let site = facts.site(node, model.graph)
        let links = try definition(site).coupling(site).links
        #expect(links.contains(.init(.init(.input(0), 1), .init(.output(0), 1), count: 6)))
        #expect(!links.contains { $0.from.axis > 1 })
        let edit = try definition(site).narrowed(site, ChannelSelection(kept: [.init(.output(0), 1): [0, 3]]))
        #expect(edit.constants[3]?.integers() == [1, 2, 8, 8])
    }
}
