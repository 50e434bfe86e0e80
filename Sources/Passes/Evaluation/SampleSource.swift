import Foundation
import Tensors

/// Prepared network inputs, and labels where there are some.
package protocol SampleSource: Sendable {
    var count: Int { get }
    /// The class of each sample, label offset included; nil where there are none.
    var labels: [Int]? { get }
    /// Samples as one tensor, batch dimension first.
    func batch(_ range: Range<Int>, threads: Int) throws(CNNOptError) -> TensorData
}

/// Seeded random inputs: what is left to compare outputs on where there is no data.
package struct SeededSamples: SampleSource {
    package let count: Int
    private let elementType: ElementType
    private let shape: [Int]
    private let seed: UInt64

    /// - Parameter shape: of one sample, without the batch dimension.
    package init(count: Int, elementType: ElementType, shape: [Int], seed: UInt64) {
        self.count = count
        self.elementType = elementType
        self.shape = shape
        self.seed = seed
    }

    package var labels: [Int]? { nil }

    /// Standard normal numbers for float inputs, 0 ..< 100 for integers, both depending on seed and sample alone.
    package func batch(_ range: Range<Int>, threads: Int) throws(CNNOptError) -> TensorData {
        guard let size = checkedProduct(shape) else {
            throw CNNOptError(.invalidModel, "input dimensions \(shape) overflow")
        }
        var values: [Double] = []
        values.reserveCapacity(size * range.count)
        for sample in range {
            var generator = SeededGenerator(seed: seed &+ UInt64(sample) &* 0x9E37_79B9)
            for _ in 0..<size {
                values.append(
                    elementType.isFloat
                        ? generator.normal() : Double(generator.index(below: elementType == .bool ? 2 : 100))
                )
            }
        }
        return try TensorData(doubles: values, as: elementType, shape: [range.count] + shape)
    }
}

/// The first samples of a source, or any range of it.
package struct SampleRange: SampleSource {
    private let source: any SampleSource
    private let range: Range<Int>

    package init(_ source: any SampleSource, _ range: Range<Int>) {
        self.source = source
        self.range = range.clamped(to: 0..<source.count)
    }

    package var count: Int { range.count }
    package var labels: [Int]? { source.labels.map { Array($0[range]) } }

    package func batch(_ part: Range<Int>, threads: Int) throws(CNNOptError) -> TensorData {
        try source.batch(part.lowerBound + range.lowerBound..<part.upperBound + range.lowerBound, threads: threads)
    }
}

extension SeededGenerator {
    /// A standard normal number (Box and Muller).
    mutating func normal() -> Double {
        let radius = (-2 * log(max(uniform(), 0x1p-53))).squareRoot()
        return radius * cos(2 * .pi * uniform())
    }
}
