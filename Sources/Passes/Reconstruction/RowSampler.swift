import Tensors

/// Gathers the moments of a layer's rows from tensors, at seeded positions of every sample.
struct RowSampler {
    let rows: LayerRows
    /// Positions read from each sample.
    let positionsPerSample: Int
    private let seed: UInt64
    let threads: Int

    init(_ rows: LayerRows, positionsPerSample: Int, seed: UInt64, threads: Int) {
        self.rows = rows
        self.positionsPerSample = positionsPerSample
        self.seed = seed
        self.threads = threads
    }

    /// The positions of one sample: all of them where there are few, else drawn with replacement.
    func positions(_ sample: Int, of count: Int) -> [Int] {
        if count <= positionsPerSample { return Array(0..<count) }
        var generator = SeededGenerator(
            seed: seed ^ (UInt64(sample) &* 0x9E37_79B9_7F4A_7C15) ^ (UInt64(rows.layer.node.index) << 40)
        )
        return (0..<positionsPerSample).map { _ in generator.index(below: count) }
    }

    /// Adds the rows of one batch to the moments of each group.
    /// - Parameters:
    ///   - targets: the outputs to explain, shaped as the layer's own.
    ///   - first: the number of the batch's first sample.
    ///   - takes: which samples are read.
    /// - Returns: false where the tensors do not fit the layer.
    func add(
        data: TensorData,
        targets: TensorData,
        first: Int,
        to moments: inout [RowMoments],
        where takes: (Int) -> Bool = { _ in true }
    ) throws(CNNOptError) -> Bool {
        guard data.elementType == .float32, targets.elementType == .float32,
            let reader = rows.reader(data: data.shape, output: targets.shape)
        else { return false }
        var places: [(sample: Int, position: Int)] = []
        for sample in 0..<reader.samples where takes(first + sample) {
            places += positions(first + sample, of: reader.positions).map { (sample, $0) }
        }
        let (block, d, m) = (RowMoments.block, rows.rowLength, rows.outputs)
        var x = [Float](repeating: 0, count: d * block)
        var y = [Float](repeating: 0, count: m * block)
        try data.withElements(Float.self) { (source) throws(CNNOptError) in
            try targets.withElements(Float.self) { (wanted) throws(CNNOptError) in
                guard let source = source.baseAddress, let wanted = wanted.baseAddress else { return }
                var start = 0
                while start < places.count {
                    let part = places[start..<min(start + block, places.count)]
                    if part.count < block {
                        for i in x.indices { x[i] = 0 }
                        for i in y.indices { y[i] = 0 }
                    }
                    for group in 0..<rows.groups {
                        x.withUnsafeMutableBufferPointer { target in
                            guard let base = target.baseAddress else { return }
                            for (place, at) in part.enumerated() {
                                rows.gather(
                                    source,
                                    reader,
                                    sample: at.sample,
                                    position: at.position,
                                    group: group,
                                    into: base + place,
                                    stride: block
                                )
                            }
                        }
                        for (place, at) in part.enumerated() {
                            for i in 0..<m {
                                let index = rows.outputIndex(
                                    reader,
                                    sample: at.sample,
                                    position: at.position,
                                    output: group * m + i,
                                    of: m * rows.groups
                                )
                                y[i * block + place] = wanted[index]
                            }
                        }
                        moments[group].add(x: x, y: y, rows: part.count, threads: threads)
                    }
                    start += block
                }
            }
        }
        return true
    }

    /// Moments without rows, one for each group.
    var empty: [RowMoments] {
        [RowMoments](repeating: RowMoments(inputs: rows.rowLength, outputs: rows.outputs), count: rows.groups)
    }
}

extension LayerRows {
    /// Whether the layer's matrix, applied to rows of a batch's first samples, gives its outputs.
    func explains(
        data: TensorData,
        output: TensorData,
        _ weight: TensorData,
        _ bias: TensorData?,
        seed: UInt64,
        threads: Int
    ) throws(CNNOptError) -> Bool {
        let sampler = RowSampler(self, positionsPerSample: 10, seed: seed, threads: threads)
        var moments = sampler.empty
        let fits = try sampler.add(data: data, targets: output, first: 0, to: &moments, where: { $0 < 8 })
        return fits ? try reproduces(weight, bias, moments) : false
    }
}
