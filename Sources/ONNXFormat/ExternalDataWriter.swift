import GraphIR
import Tensors

/// Writes the weights of a model into one file beside it: `<model>.data`.
final class ExternalDataWriter {
    /// Offsets are multiples of this, so that a reader can map each tensor alone.
    static let alignment = 4_096
    /// Tensors below this size stay in the model when all others are moved out of it, in bytes.
    static let smallest = 1_024

    private let path: String
    private let location: String
    /// Whether tensors leave the model that came in it.
    private let takesAll: Bool
    private var file: AtomicFile?
    private var position = 0

    init(modelPath: String, takesAll: Bool) {
        path = ONNXWriter.externalDataPath(modelPath)
        location = path.split(separator: "/").last.map(String.init) ?? path
        self.takesAll = takesAll
    }

    /// Writes the tensor's bytes and says where they are; nil where the tensor belongs into the model.
    func place(_ constant: Constant) throws(CNNOptError) -> [MetadataEntry]? {
        guard let storage = constant.data.storage, storage.byteCount > 0 else { return nil }
        switch constant.wireForm {
        case .external: break
        case .raw, .typed: guard takesAll, storage.byteCount >= Self.smallest else { return nil }
        }
        let padding = (Self.alignment - position % Self.alignment) % Self.alignment
        if file == nil { file = try AtomicFile(path) }
        try file?.write([UInt8](repeating: 0, count: padding))
        let offset = position + padding
        try constant.data.withBytes { (bytes) throws(CNNOptError) in try file?.write(bytes) }
        position = offset + storage.byteCount
        return [
            MetadataEntry(key: "location", value: location),
            MetadataEntry(key: "offset", value: String(offset)),
            MetadataEntry(key: "length", value: String(storage.byteCount)),
        ]
    }

    /// Gives the file its name, if there is one.
    func commit() throws(CNNOptError) {
        if let file = file.take() { try file.commit() }
    }
}
