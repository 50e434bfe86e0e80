import COnnxSchema
import GraphIR
import Tensors

/// Reads ONNX models: protobuf bytes into a ``Model``, of which nothing is lost.
package enum ONNXReader {
    /// Reads a model file and the external data that it names.
    /// - Throws: `missingInput` where a file cannot be read, `invalidModel` where it is no sound model.
    package static func read(path: String) throws(CNNOptError) -> Model {
        let file = try MappedFile(path)
        do {
            return try file.withBytes { (bytes) throws(CNNOptError) in
                try read(bytes, of: file, external: ExternalDataReader(modelPath: path))
            }
        } catch {
            throw error.inFile(path)
        }
    }

    /// Reads a model from memory; it must not have external data.
    /// - Parameter name: stands for the file in messages.
    package static func read(bytes: [UInt8], name: String) throws(CNNOptError) -> Model {
        do {
            return try withTypedThrows(bytes) { (raw) throws(CNNOptError) in
                try read(raw, of: nil, external: ExternalDataReader(modelPath: nil))
            }
        } catch {
            throw error.inFile(name)
        }
    }

    /// Reads a model from memory of someone else's; it must not have external data.
    /// - Parameters:
    ///   - name: stands for the file in messages.
    ///   - deferred: takes note of the tensors whose bytes come later.
    package static func read(
        _ bytes: UnsafeRawBufferPointer,
        name: String,
        deferred: DeferredPayloads? = nil
    ) throws(CNNOptError) -> Model {
        do {
            return try read(bytes, of: nil, external: ExternalDataReader(modelPath: nil), deferred: deferred)
        } catch {
            throw error.inFile(name)
        }
    }

    private static func read(
        _ bytes: UnsafeRawBufferPointer,
        of file: MappedFile?,
        external: ExternalDataReader,
        deferred: DeferredPayloads? = nil
    ) throws(CNNOptError) -> Model {
        guard !bytes.isEmpty else {
            throw CNNOptError(.invalidModel, "the file is empty", remedy: "export or download the model again")
        }
        var empty = Onnx__ModelProto()
        onnx__model_proto__init(&empty)
        let descriptor: WireGuard.Descriptor = empty.base.descriptor
        try WireGuard.check(bytes, as: descriptor)
        return try ProtobufHeap(source: file).withUnpacked(bytes, as: descriptor) { (message) throws(CNNOptError) in
            let model = UnsafeMutableRawPointer(message).assumingMemoryBound(to: Onnx__ModelProto.self)
            return try MessageReader(external: external, deferred: deferred).model(model)
        }
    }
}

/// `withUnsafeBytes` for an array, with the error type kept.
func withTypedThrows<R>(
    _ bytes: [UInt8],
    _ body: (UnsafeRawBufferPointer) throws(CNNOptError) -> R
) throws(CNNOptError) -> R {
    let result = bytes.withUnsafeBytes { raw -> Result<R, CNNOptError> in
        do throws(CNNOptError) { return .success(try body(raw)) } catch { return .failure(error) }
    }
    return try result.get()
}
