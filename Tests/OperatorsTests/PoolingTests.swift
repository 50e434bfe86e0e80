import Execution
import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct PoolingTests {
    /// One plane of 2-d pooling written down from the definition: a grid of padded places, nil where there is padding.
    private struct Plane {
        let height: Int
        let width: Int
        let values: [Double]

        /// Elements of the window whose top left place in the padded plane is given, and how many of its places are padded
        /// ones inside the padding.
        func window(_ top: Int, _ left: Int, _ kernel: [Int], _ dilations: [Int], _ pads: [Int]) -> (
            values: [Double], places: Int
        ) {
            var (found, places): ([Double], Int) = ([], 0)
            for i in 0..<kernel[0] {
                for j in 0..<kernel[1] {
                    let (row, column) = (top + i * dilations[0], left + j * dilations[1])
                    guard row < pads[0] + height + pads[2], column < pads[1] + width + pads[3] else { continue }
                    places += 1
                    let (h, w) = (row - pads[0], column - pads[1])
                    if h >= 0, h < height, w >= 0, w < width { found.append(values[h * width + w]) }
                }
            }
            return (found, places)
        }
    }

    @Test(arguments: 0..<60) func poolsMatchTheirDefinition(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let kernel = (0..<2).map { _ in 1 + random.index(below: 3) }
        let strides = (0..<2).map { _ in 1 + random.index(below: 3) }
        let dilations = (0..<2).map { _ in 1 + random.index(below: 2) }
        let pads = (0..<4).map { random.index(below: kernel[$0 % 2]) }
        let sizes = (0..<2).map { (kernel[$0] - 1) * dilations[$0] + 1 + random.index(below: 8) }
        let ceil = random.index(below: 2) == 1
        let x = try randomTensor([2, 3] + sizes, &random)
        var attributes = [
            Attribute("kernel_shape", kernel), Attribute("strides", strides), Attribute("dilations", dilations),
            Attribute("pads", pads), Attribute("ceil_mode", ceil ? 1 : 0),
        ]
        let largest = try runOperator("MaxPool", inputs: [x], attributes: attributes, opset: 22)[0]
        let mean = try runOperator("AveragePool", inputs: [x], attributes: attributes, opset: 22)[0]
        let norm = try runOperator("LpPool", inputs: [x], attributes: attributes, opset: 22)[0]
        attributes.append(Attribute("count_include_pad", 1))
        let padded = try runOperator("AveragePool", inputs: [x], attributes: attributes, opset: 22)[0]
        let values = try x.doubles()
        var wanted: [[Double]] = [[], [], [], []]
        var shape: [Int] = []
        for plane in 0..<6 {
            let count = sizes[0] * sizes[1]
            let plane = Plane(
                height: sizes[0],
                width: sizes[1],
                values: Array(values[plane * count..<(plane + 1) * count])
            )
            // Windows begin inside the input or the padding before it; without ceil_mode they end inside the padded input.
            let tops = starts(sizes[0], kernel[0], strides[0], dilations[0], pads[0], pads[2], ceil)
            let lefts = starts(sizes[1], kernel[1], strides[1], dilations[1], pads[1], pads[3], ceil)
            shape = [2, 3, tops.count, lefts.count]
            for top in tops {
                for left in lefts {
                    let (found, places) = plane.window(top, left, kernel, dilations, pads)
                    let sum = found.reduce(0, +)
                    wanted[0].append(found.max() ?? -.infinity)
                    wanted[1].append(found.isEmpty ? 0 : sum / Double(found.count))
                    wanted[2].append(sum / Double(places))
                    wanted[3].append(found.map { $0 * $0 }.reduce(0, +).squareRoot())
                }
            }
        }
        for (result, list) in zip([largest, mean, padded, norm], wanted) {
            #expect(result.shape == shape)
            #expect(try largestDifference(result, TensorData(list, shape: shape)) < 1e-6)
        }
    }

    private func starts(
        _ size: Int,
        _ kernel: Int,
        _ stride: Int,
        _ dilation: Int,
        _ begin: Int,
        _ end: Int,
        _ ceil: Bool
    ) -> [Int] {
        let extent = (kernel - 1) * dilation + 1
        var list: [Int] = []
        var start = 0
        while start + extent <= begin + size + end {
            list.append(start)
            start += stride
        }
        // The next window counts where the last one left something over, as long as it begins on the input.
        let covered = (list.last ?? 0) + extent
        if ceil, covered < begin + size + end, start < begin + size { list.append(start) }
        return list
    }

    @Test(arguments: [(0, [5, 7, 13, 15] as [Int64]), (1, [5, 13, 7, 15])])
    func placesAreIndicesIntoTheInput(_ order: Int, _ wanted: [Int64]) throws {
        let x = try TensorData((0..<16).map { Float($0) }, shape: [1, 1, 4, 4])
        let results = try runOperator(
            "MaxPool",
            inputs: [x],
            attributes: [
                Attribute("kernel_shape", [2, 2]), Attribute("strides", [2, 2]), Attribute("storage_order", order),
            ],
            outputCount: 2
        )
        #expect(try results[0].array(of: Float.self) == [5, 7, 13, 15])
        // Column by column the element at row r and column c has the index r + 4c.
        #expect(try results[1].array(of: Int64.self) == (order == 0 ? [5, 7, 13, 15] : [5, 13, 7, 15]))
        #expect(wanted == (try results[1].array(of: Int64.self)))
    }

    /// As wide as integers that fast kernels take.
    @Test(arguments: [Backend.onednn, .reference])
    func flagsHaveNoLargest(_ backend: Backend) throws {
        var builder = ModelBuilder()
        try builder.input("x", [1, 3, 28, 28], .bool)
        try builder.node("MaxPool", ["x"], ["y"], [Attribute("kernel_shape", [3, 3])])
        try builder.output("y", .float32)
        let feed = try #require(builder.model.graph.feeds.first)
        let engine = try Engine(builder.model, backend: backend)
        let flags = try TensorData(zeros: .bool, shape: [1, 3, 28, 28])
        #expect(throws: CNNOptError.self) { try engine.run([feed: flags], threads: 1) }
    }

    @Test func integersPoolExactly() throws {
        let x = try TensorData([-128, 3, 127, 4] as [Int8], shape: [1, 1, 4])
        let y = try runOperator("MaxPool", inputs: [x], attributes: [Attribute("kernel_shape", [2])])[0]
        #expect(try y.array(of: Int8.self) == [3, 127, 127])
    }

    @Test func globalPoolsReduceEveryPlane() throws {
        let x = try TensorData([1, 2, 3, 6, -1, -2, -3, -4] as [Float], shape: [1, 2, 2, 2])
        #expect(try runOperator("GlobalAveragePool", inputs: [x])[0].array(of: Float.self) == [3, -2.5])
        #expect(try runOperator("GlobalMaxPool", inputs: [x])[0].array(of: Float.self) == [6, -1])
        let norm = try runOperator("GlobalLpPool", inputs: [x], attributes: [Attribute("p", 1)])[0]
        #expect(try norm.array(of: Float.self) == [12, 10])
        #expect(norm.shape == [1, 2, 1, 1])
    }

    @Test(arguments: [
        [Attribute("kernel_shape", [3])], [Attribute("kernel_shape", [0, 1])], [Attribute("kernel_shape", [9, 9])], [],
        [Attribute("kernel_shape", [2, 2]), Attribute("pads", [0, 0, 1 << 31, 1 << 31])],
        [Attribute("kernel_shape", [2, 2]), Attribute("strides", [1 << 62, 1])],
    ]) func hostileWindowsAreRefused(_ attributes: [Attribute]) throws {
        let x = try TensorData(zeros: .float32, shape: [1, 1, 4, 4])
        for type in ["MaxPool", "AveragePool", "LpPool"] {
            #expect(throws: CNNOptError.self) { try runOperator(type, inputs: [x], attributes: attributes) }
        }
    }
}
