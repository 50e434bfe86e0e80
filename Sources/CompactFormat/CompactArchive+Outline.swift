import ONNXFormat
import Tensors

extension CompactArchive {
    /// Payloads of fewer bytes are always decoded: shapes may depend on them.
    private static let smallest = 1 << 16

    /// The model file without its large tensors, for those who want to know what is in it and not what it says.
    /// - Returns: the file, in which the elements of large named tensors are all zero, and how many elements of each of these
    ///   tensors really are.
    package func outline(threads: Int) throws(CNNOptError) -> (model: TensorStorage, zeros: [String: Int]) {
        let large = index.payloads.indices.filter { isCounted($0) }
        guard !large.isEmpty else { return (try restore(threads: threads), [:]) }
        let image = try sparseImage()
        guard let tensors = try located(in: image) else { return (try restore(threads: threads), [:]) }
        let names = Dictionary(tensors.map { ($0.name ?? "", 1) }, uniquingKeysWith: +)
        var zeros: [String: Int] = [:]
        var left: Set<Int> = []
        for number in large {
            // The elements of one name have to be those of one payload.
            guard let name = tensors[number].name, !name.isEmpty, names[name] == 1 else { continue }
            zeros[name] = entry(number).zeros
            left.insert(number)
        }
        try place(into: image, threads: threads) { !left.contains($0) }
        return (image, zeros)
    }

    /// Whether the payload is large and the index says how many of its elements are zero.
    private func isCounted(_ number: Int) -> Bool {
        let payload = entry(number)
        return payload.byteCount >= Self.smallest && payload.coding != .bytes && payload.element.bits ?? 0 >= 8
    }

    /// The payload, or the one that it is a copy of.
    private func entry(_ number: Int) -> CompactIndex.Payload {
        let payload = index.payloads[number]
        return payload.coding == .copy ? index.payloads[number - payload.back] : payload
    }
}
