import GraphIR
import Tensors

/// Large tensors of a model whose bytes are filled in after it was read, straight into the tensors' own memory: the file that is
/// read has a mark in the place of each.
package final class DeferredPayloads {
    /// Tensors of fewer bytes are not worth it.
    package static let minimum = 1 << 16
    /// Bytes of a mark: eight that are the same in all, and the payload's number.
    private static let mark: UInt64 = 0xC5A1_93E7_0B5D_F24E

    private let byteCounts: [Int: Int]
    /// The memory of each, by its number.
    package private(set) var storages: [Int: TensorStorage] = [:]
    private var claims: [Int: GridText] = [:]
    private var hasRepetition = false

    /// - Parameter byteCounts: of each deferred payload, by its number.
    package init(_ byteCounts: [Int: Int]) { self.byteCounts = byteCounts }

    /// Whether each was met, and once.
    package var isComplete: Bool { !hasRepetition && storages.count == byteCounts.count }

    /// Marks the place of a payload in the file that is going to be read.
    package static func mark(_ number: Int, at target: UnsafeMutableRawPointer) {
        target.storeBytes(of: mark, as: UInt64.self)
        target.storeBytes(of: UInt64(number), toByteOffset: 8, as: UInt64.self)
    }

    /// Notes a tensor if it has a mark.
    /// - Returns: whether its bytes are still to come.
    func note(_ data: TensorData, _ claim: GridText?) -> Bool {
        guard data.byteCount >= Self.minimum, let storage = data.storage,
            storage.base.loadUnaligned(as: UInt64.self) == Self.mark
        else { return false }
        let number = Int(truncatingIfNeeded: storage.base.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        guard byteCounts[number] == data.byteCount else { return false }
        if storages[number] != nil || !storage.isMutable { hasRepetition = true }
        storages[number] = storage
        claims[number] = claim
        return true
    }

    /// Checks what the file claims of initialisers whose bytes are there now.
    package func resolveEncodings(in graph: inout Graph) {
        guard !claims.isEmpty else { return }
        let numbers = Dictionary(
            storages.map { (UInt(bitPattern: $1.base), $0) },
            uniquingKeysWith: { first, _ in first }
        )
        for id in graph.initializers {
            guard let data = graph[id].constant?.data, let storage = data.storage,
                let number = numbers[UInt(bitPattern: storage.base)], let claim = claims[number]
            else { continue }
            graph.setEncoding(EncodingMetadata.encoding(of: data, claim), of: id)
        }
    }
}
