import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct ConvolutionTests {
    /// Geometries drawn at random: every rank, groups, depthwise, strides, dilations, uneven padding, ragged tiles.
    @Test(arguments: 0..<120) func fastConvolutionEqualsTheDefinition(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let rank = 1 + seed % 3
        let kernel = (0..<rank).map { _ in 1 + random.index(below: 4) }
        let strides = (0..<rank).map { _ in 1 + random.index(below: 3) }
        let dilations = (0..<rank).map { _ in 1 + random.index(below: 2) }
        let pads = (0..<2 * rank).map { _ in random.index(below: 3) }
        let spatial = (0..<rank).map {
            (kernel[$0] - 1) * dilations[$0] + 1 + random.index(below: rank == 1 ? 200 : 20)
        }
        let group = [1, 1, 2, 5][random.index(below: 4)]
        let perGroup = group == 5 ? 1 : 1 + random.index(below: 6)
        let outputs = group * (1 + random.index(below: 7))
        let batch = 1 + random.index(below: 3)
        let x = try randomTensor([batch, group * perGroup] + spatial, &random)
        let w = try randomTensor([outputs, perGroup] + kernel, &random)
        let bias = try randomTensor([outputs], &random)
        let attributes = [
            Attribute("strides", strides), Attribute("dilations", dilations), Attribute("pads", pads),
            Attribute("group", group),
        ]
        let inputs = seed % 4 == 0 ? [x, w] : [x, w, bias]
        let fast = try runOperator("Conv", inputs: inputs, attributes: attributes)[0]
        let exact = try runOperator(
            "Conv",
            inputs: inputs.map { try TensorData($0.doubles(), shape: $0.shape) },
            attributes: attributes
        )[0]
        #expect(fast.shape == exact.shape)
        #expect(try largestDifference(fast, exact) < 1e-5)
        let single = try runOperator("Conv", inputs: inputs, attributes: attributes, threads: 1)[0]
        #expect(single.isIdentical(to: fast))
    }

    /// A 1-d convolution worked out by hand: x = 1 2 3 4, w = 1 10.
    @Test(
        arguments: [
            ("NOTSET", [0, 0], 1, [21, 32, 43]), ("NOTSET", [1, 1], 1, [10, 21, 32, 43, 4]),
            ("SAME_UPPER", nil, 1, [21, 32, 43, 4]), ("SAME_LOWER", nil, 1, [10, 21, 32, 43]),
            ("VALID", nil, 2, [21, 43]),
            ("SAME_UPPER", nil, 3, [21, 4]),
        ] as [(String, [Int]?, Int, [Float])]
    )
    func paddingIsWhereTheAttributesSay(_ mode: String, _ pads: [Int]?, _ stride: Int, _ wanted: [Float]) throws {
        var attributes = [Attribute("auto_pad", mode), Attribute("strides", [stride])]
        if let pads { attributes.append(Attribute("pads", pads)) }
        let y = try runOperator(
            "Conv",
            inputs: [
                try TensorData([1, 2, 3, 4] as [Float], shape: [1, 1, 4]),
                try TensorData([1, 10] as [Float], shape: [1, 1, 2]),
            ],
            attributes: attributes
        )[0]
        #expect(y.shape == [1, 1, wanted.count])
        #expect(try y.array(of: Float.self) == wanted)
    }

    @Test func resultsDoNotDependOnTheBatch() throws {
        var random = SeededGenerator(seed: 7)
        let x = try randomTensor([5, 6, 9, 11], &random)
        let w = try randomTensor([10, 6, 3, 3], &random)
        let together = try runOperator("Conv", inputs: [x, w])[0].array(of: Float.self)
        let images = try x.array(of: Float.self)
        for image in 0..<5 {
            let one = try TensorData(Array(images[image * 594..<(image + 1) * 594]), shape: [1, 6, 9, 11])
            let alone = try runOperator("Conv", inputs: [one, w])[0].array(of: Float.self)
            #expect(Array(together[image * alone.count..<(image + 1) * alone.count]) == alone)
        }
    }

    @Test(arguments: [
        [Attribute("strides", [0, 1])], [Attribute("pads", [-1, 0, 0, 0])], [Attribute("dilations", [1 << 40, 1])],
        [Attribute("pads", [1 << 30, 1 << 30, 1 << 30, 1 << 30])], [Attribute("group", 3)], [Attribute("group", 0)],
        [Attribute("kernel_shape", [5, 5])], [Attribute("strides", [1])], [Attribute("auto_pad", "SAME")],
        [Attribute("kernel_shape", "wrong")], [Attribute("dilations", [5, 5])],
    ]) func hostileAttributesAreRefused(_ attributes: [Attribute]) throws {
        let x = try TensorData(zeros: .float32, shape: [1, 2, 6, 6])
        let w = try TensorData(zeros: .float32, shape: [4, 2, 3, 3])
        let error = #expect(throws: CNNOptError.self) {
            try runOperator("Conv", inputs: [x, w], attributes: attributes)
        }
        #expect([65, 69].contains(error?.exitStatus))
        #expect(error?.location.node == "node")
    }

    @Test func channelsOfAGroupedConvolutionMoveTogether() throws {
        let grouped = try site("Conv", [[1, 6, 5, 5], [4, 3, 3, 3], [4]], [Attribute("group", 2)])
        let coupling = try definition(grouped).coupling(grouped)
        let (input, output) = (ChannelCoupling.Axis(.input(0), 1), ChannelCoupling.Axis(.output(0), 1))
        #expect(coupling.links.contains(.init(.init(.input(1), 1), input, count: 3, outer: 2)))
        #expect(coupling.links.contains(.init(output, output, count: 2, outer: 2)))
        #expect(coupling.links.contains(.init(.init(.input(1), 0), output, count: 4)))
        #expect(coupling.links.contains(.init(.init(.input(2), 0), output, count: 4)))
        #expect(ChannelCoupling.Link(output, output, count: 2, outer: 2).indices(of: 1) == [1, 3])
    }

    @Test func aDepthwiseConvolutionDropsItsMultipliesWithTheChannel() throws {
        let depthwise = try site("Conv", [[1, 3, 5, 5], [6, 1, 3, 3]], [Attribute("group", 3)])
        let (input, output) = (ChannelCoupling.Axis(.input(0), 1), ChannelCoupling.Axis(.output(0), 1))
        let link = ChannelCoupling.Link(input, output, count: 3, inner: 2)
        #expect(try definition(depthwise).coupling(depthwise).links.contains(link))
        #expect(link.indices(of: 2) == [4, 5])
        let edit = try definition(depthwise).narrowed(
            depthwise,
            ChannelSelection(kept: [input: [0, 2], output: [0, 1, 4, 5], .init(.input(1), 0): [0, 1, 4, 5]])
        )
        #expect(edit.attributes.map(\.name) == ["group"])
        guard case .int(2)? = edit.attributes.first?.value else {
            Issue.record("group is \(edit.attributes)")
            return
        }
    }
}
