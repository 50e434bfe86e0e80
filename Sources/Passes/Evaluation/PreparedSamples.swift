import Tensors

/// Samples that are in memory already, batch dimension first.
package struct PreparedSamples: SampleSource {
    private let tensors: [TensorData]
    package let labels: [Int]?
    package let count: Int
    package var isInMemory: Bool { true }

    /// Samples of a model with one input.
    package init(_ tensor: TensorData, labels: [Int]? = nil) {
        tensors = [tensor]
        count = tensor.shape.first ?? 0
        self.labels = labels
    }

    /// Reads some samples of a source, without their labels.
    package init(_ source: any SampleSource, _ range: Range<Int>, threads: Int) throws(CNNOptError) {
        tensors = try source.inputs(range, threads: threads)
        count = range.count
        labels = nil
    }

    private init(tensors: [TensorData], count: Int) {
        self.tensors = tensors
        self.count = count
        labels = nil
    }

    /// Some of the samples, without their labels; nothing is copied.
    package func part(_ range: Range<Int>) throws(CNNOptError) -> PreparedSamples {
        PreparedSamples(tensors: try inputs(range, threads: 1), count: range.count)
    }

    package func batch(_ range: Range<Int>, threads: Int) throws(CNNOptError) -> TensorData {
        guard let first = tensors.first else { throw CNNOptError(.internalFault, "samples without inputs") }
        return try rows(range, of: first)
    }

    package func inputs(_ range: Range<Int>, threads: Int) throws(CNNOptError) -> [TensorData] {
        var result: [TensorData] = []
        for tensor in tensors { result.append(try rows(range, of: tensor)) }
        return result
    }

    private func rows(_ range: Range<Int>, of tensor: TensorData) throws(CNNOptError) -> TensorData {
        let rowBytes = count > 0 ? tensor.byteCount / count : 0
        guard let storage = tensor.storage,
            let part = storage.slice(offset: range.lowerBound * rowBytes, byteCount: range.count * rowBytes)
        else { throw CNNOptError(.internalFault, "samples \(range) of \(count)") }
        return try TensorData(
            elementType: tensor.elementType,
            shape: [range.count] + tensor.shape.dropFirst(),
            storage: part
        )
    }
}

extension TensorData {
    /// Tensors put together along the first dimension.
    package static func joined(_ parts: [TensorData]) throws(CNNOptError) -> TensorData {
        guard let first = parts.first else { throw CNNOptError(.internalFault, "no tensors to join") }
        if parts.count == 1 { return first }
        let shape = first.shape.isEmpty ? [1] : first.shape
        guard
            parts.allSatisfy({ $0.elementType == first.elementType && $0.shape.dropFirst() == first.shape.dropFirst() })
        else {
            throw CNNOptError(.unsupported, "outputs change their shape from batch to batch")
        }
        let rows = parts.reduce(0) { $0 + ($1.shape.first ?? 1) }
        var result = try TensorData(zeros: first.elementType, shape: [rows] + shape.dropFirst())
        try result.withMutableBytes { (target) throws(CNNOptError) in
            var offset = 0
            for part in parts {
                try part.withBytes { (source) throws(CNNOptError) in
                    if let from = source.baseAddress, let to = target.baseAddress {
                        (to + offset).copyMemory(from: from, byteCount: source.count)
                    }
                    offset += source.count
                }
            }
        }
        return result
    }
}
