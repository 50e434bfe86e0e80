import Foundation
import Tensors

/// Prepared network inputs, and labels where there are some.
package protocol SampleSource: Sendable {
    var count: Int { get }
    /// The class of each sample, label offset included; nil where there are none.
    var labels: [Int]? { get }
    /// Whether the samples are there already, so that nothing is gained by reading them ahead.
    var isInMemory: Bool { get }
    /// Samples of the model's first input (of images the only one) as one tensor, batch dimension first.
    func batch(_ range: Range<Int>, threads: Int) throws(CNNOptError) -> TensorData
    /// Samples of each of the model's inputs, in its order, batch dimension first.
    func inputs(_ range: Range<Int>, threads: Int) throws(CNNOptError) -> [TensorData]
}

extension SampleSource {
    package var isInMemory: Bool { false }

    package func inputs(_ range: Range<Int>, threads: Int) throws(CNNOptError) -> [TensorData] {
        [try batch(range, threads: threads)]
    }
}

/// Seeded random inputs: what is left to compare outputs on where there is no data.
package struct SeededSamples: SampleSource {
    /// One of the model's inputs.
    package struct Input: Sendable {
        let elementType: ElementType
        /// Of one sample, without the batch dimension.
        let shape: [Int]

        package init(elementType: ElementType, shape: [Int]) {
            self.elementType = elementType
            self.shape = shape
        }
    }

    package let count: Int
    private let list: [Input]
    private let seed: UInt64

    /// - Parameter inputs: at least one.
    package init(count: Int, inputs: [Input], seed: UInt64) {
        self.count = count
        list = inputs
        self.seed = seed
    }

    package var labels: [Int]? { nil }

    package func batch(_ range: Range<Int>, threads: Int) throws(CNNOptError) -> TensorData {
        guard let first = list.first else { throw CNNOptError(.internalFault, "no inputs to draw") }
        return try draw(first, stream: 0, range)
    }

    package func inputs(_ range: Range<Int>, threads: Int) throws(CNNOptError) -> [TensorData] {
        var result: [TensorData] = []
        for (index, input) in list.enumerated() { result.append(try draw(input, stream: UInt64(index), range)) }
        return result
    }

    /// Standard normal numbers for float inputs, 0 ..< 100 for integers, depending on seed, input and sample alone.
    private func draw(_ input: Input, stream: UInt64, _ range: Range<Int>) throws(CNNOptError) -> TensorData {
        guard let size = checkedProduct(input.shape), let total = checkedProduct([size, range.count]) else {
            throw CNNOptError(.invalidModel, "input dimensions \(input.shape) overflow")
        }
        // Asked for before the numbers are drawn: a size that fits into no memory ends here.
        _ = try TensorData(zeros: input.elementType, shape: [range.count] + input.shape)
        var values: [Double] = []
        values.reserveCapacity(total)
        let isFloat = input.elementType.isFloat
        let bound = input.elementType == .bool ? 2 : 100
        for sample in range {
            var generator = SeededGenerator(
                seed: seed &+ UInt64(sample) &* 0x9E37_79B9 &+ stream &* 0xD1B5_4A32_D192_ED03
            )
            for _ in 0..<size {
                values.append(isFloat ? generator.normal() : Double(generator.index(below: bound)))
            }
        }
        return try TensorData(doubles: values, as: input.elementType, shape: [range.count] + input.shape)
    }
}

extension SeededGenerator {
    /// A standard normal number (Box and Muller).
    mutating func normal() -> Double {
        let radius = (-2 * log(max(uniform(), 0x1p-53))).squareRoot()
        return radius * cos(2 * .pi * uniform())
    }
}
