import GraphIR
import ONNXFormat
import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension CompactArchive {
    /// Reads the model. Large tensors are decoded straight into the memory that they keep; the model file is never whole in memory.
    /// - Parameter name: stands for the file in messages.
    /// - Throws: `invalidModel` naming the section that is broken.
    package func model(name: String, threads: Int) throws(CNNOptError) -> Model {
        let image = try sparseImage()
        let tensors = try located(in: image)
        var byteCounts: [Int: Int] = [:]
        for (number, payload) in index.payloads.enumerated() {
            // What shares a section with small tensors is decoded with these.
            guard let tensors, payload.byteCount >= DeferredPayloads.minimum, payload.coding != .gridText,
                case .elements = tensors[number].layout, parts[payload.section].count == 1 || payload.coding == .copy
            else { continue }
            byteCounts[number] = payload.byteCount
        }
        guard !byteCounts.isEmpty else { return try wholeModel(name: name, threads: threads) }
        try place(into: image, threads: threads) { byteCounts[$0] == nil }
        for number in byteCounts.keys { DeferredPayloads.mark(number, at: image.base + offsets[number]) }
        let deferred = DeferredPayloads(byteCounts)
        var model = try ONNXReader.read(
            UnsafeRawBufferPointer(start: image.base, count: image.byteCount),
            name: name,
            deferred: deferred
        )
        guard deferred.isComplete else { return try wholeModel(name: name, threads: threads) }
        let targets = deferred.storages.mapValues(\.base)
        try decodePayloads(Set(targets.keys), threads: threads) { targets[$0] ?? image.base + offsets[$0] }
        deferred.resolveEncodings(in: &model.graph)
        return model
    }

    /// Restores the whole model file first.
    private func wholeModel(name: String, threads: Int) throws(CNNOptError) -> Model {
        let model = try restore(threads: threads)
        defer { withExtendedLifetime(model) {} }
        return try ONNXReader.read(UnsafeRawBufferPointer(start: model.base, count: model.byteCount), name: name)
    }

    /// Decodes one tensor. Of the sections, the skeleton and those that hold it are read.
    /// - Returns: nil where no tensor of ``CompactWriter/smallestPayload`` bytes has the name.
    package func tensor(named name: String, threads: Int = 1) throws(CNNOptError) -> TensorStorage? {
        let image = try sparseImage()
        guard let number = try located(in: image)?.firstIndex(where: { $0.name == name }) else { return nil }
        return try payload(number, threads: threads)
    }

    /// The model file with its skeleton alone. Nothing was written where payloads belong, so that no memory is taken there.
    func sparseImage() throws(CNNOptError) -> TensorStorage {
        let size = max(index.modelBytes, 1)
        guard let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            memory != MAP_FAILED
        else { throw CNNOptError(.inputOutput, "out of memory: \(size) bytes asked for") }
        #if canImport(Glibc)
            // A huge page would be all there for the few bytes of the skeleton that are in it.
            madvise(memory, size, Int32(MADV_NOHUGEPAGE))
        #endif
        let image = TensorStorage.adoptingMapping(memory, byteCount: index.modelBytes)
        try placeSkeleton(image.base)
        return image
    }

    /// The tensors that the payloads are, and texts of grids as ones without a name; nil where payloads are other bytes than those of tensors.
    func located(in image: TensorStorage) throws(CNNOptError) -> [TensorPayload]? {
        let bytes = UnsafeRawBufferPointer(start: image.base, count: image.byteCount)
        let tensors = try PayloadLocator.locate(bytes, minimum: CompactWriter.smallestPayload)
        var found: [TensorPayload] = []
        var next = tensors.makeIterator()
        for (number, payload) in index.payloads.enumerated() {
            let range = offsets[number]..<offsets[number] + payload.byteCount
            if payload.coding == .gridText {
                guard found.last?.gridText == range else { return nil }
                found.append(TensorPayload(range: range, layout: .elements(.uint8), shape: [range.count], name: nil))
            } else {
                guard let tensor = next.next(), tensor.range == range else { return nil }
                found.append(tensor)
            }
        }
        return next.next() == nil ? found : nil
    }
}
