import Tensors

extension ImageDataset {
    /// Network input for the images at these positions, shape `[indices.count] + sampleShape`. Images are shared out among
    /// the threads; the result does not depend on their number.
    /// - Throws: what decoding and preparing throw, of the first image that fails; `internalFault` for positions that do
    ///   not exist.
    package func batch(_ indices: Range<Int>, threads: Int) throws(CNNOptError) -> TensorData {
        guard indices.lowerBound >= 0, indices.upperBound <= count else {
            throw CNNOptError(.internalFault, "images \(indices) of \(count) were asked for")
        }
        var result = try TensorData(zeros: elementType, shape: [indices.count] + sampleShape)
        let sampleBytes = indices.isEmpty ? 0 : result.byteCount / indices.count
        let failures = Failures(count: indices.count)
        try result.withMutableBytes { (bytes) throws(CNNOptError) in
            guard let base = bytes.baseAddress else { return }
            let target = SharedPointer(base.assumingMemoryBound(to: UInt8.self))
            parallelFor(indices.count, threads: threads) { range in
                for position in range {
                    let room = UnsafeMutableRawPointer(target.base + position * sampleBytes)
                    do throws(CNNOptError) {
                        try source.write(
                            sourceIndex(indices.lowerBound + position),
                            preprocess,
                            shape: finalShape,
                            to: room
                        )
                    } catch {
                        failures.pointer.base[position] = error
                        break
                    }
                }
            }
        }
        if let first = failures.first { throw first }
        // Else the pages of a large file would stay for as long as the run takes.
        source.releasePages()
        return result
    }
}

/// Room for one error each image, so that threads need no lock and the first image's error is the one that is reported.
private final class Failures: Sendable {
    let pointer: SharedPointer<CNNOptError?>
    private let count: Int

    init(count: Int) {
        self.count = count
        let base = UnsafeMutablePointer<CNNOptError?>.allocate(capacity: count)
        base.initialize(repeating: nil, count: count)
        pointer = SharedPointer(base)
    }

    var first: CNNOptError? { UnsafeBufferPointer(start: pointer.base, count: count).lazy.compactMap { $0 }.first }

    deinit {
        pointer.base.deinitialize(count: count)
        pointer.base.deallocate()
    }
}
