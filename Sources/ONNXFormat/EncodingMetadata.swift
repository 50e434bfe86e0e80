import GraphIR
import Tensors

/// Encodings of tensors as entries of their metadata. What an entry claims is believed where every bit of the data agrees.
package enum EncodingMetadata {
    /// The key; ``GridText`` says what the value is.
    package static let gridKey = "cnnopt.grid"

    /// Takes the entries off a tensor's metadata.
    /// - Parameter elements: of the tensor.
    static func takeClaim(_ metadata: inout [MetadataEntry], elements: Int) -> GridText? {
        var claim: GridText?
        metadata.removeAll { entry in
            guard entry.key == gridKey, entry.residue.isEmpty,
                let text = entry.value.flatMap({ GridText($0, elements: elements) })
            else { return false }
            claim = text
            return true
        }
        return claim
    }

    /// The encoding that was claimed, if every bit of the data agrees.
    package static func encoding(of data: TensorData, _ claim: GridText) -> TensorEncoding? {
        guard data.elementType == .float32, let storage = data.storage, data.shape.count >= 1 else { return nil }
        defer { withExtendedLifetime(storage) {} }
        let count = data.byteCount / 4
        let grid = claim.grid(shape: data.shape)
        return grid.holds(storage.base, count) ? .uniformGrid(grid) : nil
    }

    /// The metadata of a tensor with the entry that its encoding needs.
    static func entries(_ constant: Constant) -> [MetadataEntry] {
        guard case .uniformGrid(let grid) = constant.encoding else { return constant.metadata }
        return constant.metadata + [MetadataEntry(key: gridKey, value: GridText(grid).description)]
    }
}
