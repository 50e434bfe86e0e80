import Tensors

/// A part of a source.
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
