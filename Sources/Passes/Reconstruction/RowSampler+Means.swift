import Tensors

extension RowSampler {
    /// Adds one row for each sample: the mean of the rows that ``add(data:targets:first:to:where:)`` reads of it. Outputs count
    /// as zero.
    /// - Parameter output: the shape of the layer's output.
    /// - Returns: false where the tensors do not fit the layer.
    func addMeans(
        data: TensorData,
        output: [Int],
        first: Int,
        to moments: inout [RowMoments],
        where takes: (Int) -> Bool = { _ in true }
    ) throws(CNNOptError) -> Bool {
        guard data.elementType == .float32, let reader = rows.reader(data: data.shape, output: output) else {
            return false
        }
        let taken = (0..<reader.samples).filter { takes(first + $0) }
        let block = RowMoments.block
        let outputs = [Float](repeating: 0, count: rows.outputs * block)
        try data.withElements(Float.self) { (source) throws(CNNOptError) in
            guard let base = source.baseAddress else { return }
            let source = SharedReadPointer(base)
            for start in stride(from: 0, to: taken.count, by: block) {
                let part = Array(taken[start..<min(start + block, taken.count)])
                for group in 0..<rows.groups {
                    let inputs = meanRows(source, reader, part, first: first, group: group)
                    moments[group].add(x: inputs, y: outputs, rows: part.count, threads: threads)
                }
            }
        }
        return true
    }

    /// The mean rows of some samples as columns of one block.
    private func meanRows(
        _ source: SharedReadPointer<Float>,
        _ reader: LayerRows.Reader,
        _ samples: [Int],
        first: Int,
        group: Int
    ) -> [Float] {
        let (block, length) = (RowMoments.block, rows.rowLength)
        var means = [Float](repeating: 0, count: length * block)
        means.withUnsafeMutableBufferPointer { target in
            guard let base = target.baseAddress else { return }
            let means = SharedPointer(base)
            parallelFor(samples.count, threads: threads) { range in
                var row = [Float](repeating: 0, count: length)
                for index in range {
                    let places = positions(first + samples[index], of: reader.positions)
                    let scale = 1 / Float(max(places.count, 1))
                    row.withUnsafeMutableBufferPointer { buffer in
                        guard let row = buffer.baseAddress else { return }
                        for place in places {
                            rows.gather(
                                source.base,
                                reader,
                                sample: samples[index],
                                position: place,
                                group: group,
                                into: row,
                                stride: 1
                            )
                            for j in 0..<length { means.base[j * block + index] += row[j] }
                        }
                    }
                    for j in 0..<length { means.base[j * block + index] *= scale }
                }
            }
        }
        return means
    }
}
