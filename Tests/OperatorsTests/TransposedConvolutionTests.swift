import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct TransposedConvolutionTests {
    /// ⟨conv(x), y⟩ = ⟨x, convᵀ(y)⟩ for every geometry.
    @Test(arguments: 0..<60) func isTheAdjointOfConvolution(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let rank = 1 + seed % 3
        let kernel = (0..<rank).map { _ in 1 + random.index(below: 4) }
        let strides = (0..<rank).map { _ in 1 + random.index(below: 3) }
        let dilations = (0..<rank).map { _ in 1 + random.index(below: 2) }
        let pads = (0..<2 * rank).map { random.index(below: kernel[$0 % rank]) }
        let sizes = (0..<rank).map { (kernel[$0] - 1) * dilations[$0] + 1 + random.index(below: 6) }
        let group = 1 + random.index(below: 3)
        let (inputs, outputs) = (group * (1 + random.index(below: 3)), group * (1 + random.index(below: 3)))
        let attributes = [
            Attribute("strides", strides), Attribute("dilations", dilations), Attribute("pads", pads),
            Attribute("group", group),
        ]
        let x = try randomTensor([2, inputs] + sizes, &random)
        let w = try randomTensor([outputs, inputs / group] + kernel, &random)
        let forward = try runOperator("Conv", inputs: [x, w], attributes: attributes)[0]
        let y = try randomTensor(forward.shape, &random)
        // What stride and padding leave over at the end comes back as output padding.
        let rest: [Int] = (0..<rank).map { axis in
            let extent: Int = (kernel[axis] - 1) * dilations[axis] + 1
            let covered: Int = (forward.shape[axis + 2] - 1) * strides[axis] + extent
            return sizes[axis] + pads[axis] + pads[axis + rank] - covered
        }
        let back = try runOperator(
            "ConvTranspose",
            inputs: [y, w],
            attributes: attributes + [Attribute("output_padding", rest)]
        )[0]
        #expect(back.shape == x.shape)
        let left = try product(forward, y)
        let right = try product(x, back)
        #expect(abs(left - right) < 1e-4)
        let wide = try runOperator(
            "ConvTranspose",
            inputs: [TensorData(y.doubles(), shape: y.shape), TensorData(w.doubles(), shape: w.shape)],
            attributes: attributes + [Attribute("output_padding", rest)]
        )[0]
        #expect(try largestDifference(back, wide) < 1e-5)
    }

    private func product(_ a: TensorData, _ b: TensorData) throws -> Double {
        let (x, y): ([Double], [Double]) = (try a.doubles(), try b.doubles())
        var sum = 0.0
        for i in x.indices { sum += x[i] * y[i] }
        return sum
    }

    @Test(arguments: [
        [Attribute("output_padding", [1 << 40])], [Attribute("output_shape", [1 << 40])],
        [Attribute("pads", [9, 9])], [Attribute("strides", [1 << 31])], [Attribute("group", 2)],
        [Attribute("dilations", [1, 1])],
    ]) func hostileAttributesAreRefused(_ attributes: [Attribute]) throws {
        let x = try TensorData(zeros: .float32, shape: [1, 3, 6])
        let w = try TensorData(zeros: .float32, shape: [3, 2, 3])
        let error = #expect(throws: CNNOptError.self) {
            try runOperator("ConvTranspose", inputs: [x, w], attributes: attributes)
        }
        #expect(error?.location.node == "node")
    }

    @Test func outputChannelsBelongToTheSecondWeightAxis() throws {
        let plain = try site("ConvTranspose", [[1, 3, 5, 5], [3, 4, 2, 2], [4]])
        let links = try definition(plain).coupling(plain).links
        #expect(links.contains(.init(.init(.input(1), 1), .init(.output(0), 1), count: 4)))
        #expect(links.contains(.init(.init(.input(1), 0), .init(.input(0), 1), count: 3)))
        #expect(links.contains(.init(.init(.input(2), 0), .init(.output(0), 1), count: 4)))
        #expect(try definition(plain).cost(plain)?.macs == 75 * 16)
    }
}
