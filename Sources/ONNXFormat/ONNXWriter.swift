import COnnxSchema
import GraphIR
import Tensors

/// Writes a ``Model`` as ONNX.
package enum ONNXWriter {
    /// Weights beyond this many bytes go into a file of their own, because protobuf cannot hold 2 GB; the rest is left for
    /// everything else.
    static let largestInline = Int(Int32.max) - (128 << 20)

    /// Writes the model, and its external data to `<path>.data`: what came as external data, or all weights of a model
    /// of over 2 GB. Both files appear whole or not at all, the data first.
    /// - Throws: `cannotCreateOutput` or `inputOutput` where that fails; older files are then as they were.
    package static func write(_ model: Model, to path: String) throws(CNNOptError) {
        try write(model, to: path, largestInline: largestInline)
    }

    package static func write(_ model: Model, to path: String, largestInline: Int) throws(CNNOptError) {
        do {
            let sink = PackingSink(try AtomicFile(path))
            let external = ExternalDataWriter(modelPath: path, takesAll: inlineBytes(of: model) > largestInline)
            let arena = MessageArena()
            try sink.write(try MessageWriter(arena: arena, external: external).model(model))
            withExtendedLifetime((arena, model)) {}
            let lock = FolderLock(containing: path)
            try external.commit()
            try sink.commit()
            _ = consume lock
        } catch {
            throw error.inFile(path)
        }
    }

    /// Where the external data of a model goes.
    package static func externalDataPath(_ modelPath: String) -> String { modelPath + ".data" }

    /// The bytes of the tensors that are not external data.
    private static func inlineBytes(of model: Model) -> Int {
        model.constants.reduce(0) { sum, constant in
            if case .external = constant.wireForm { sum } else { sum + constant.data.byteCount }
        }
    }

    /// The model in memory, with external data put into it.
    package static func bytes(of model: Model) throws(CNNOptError) -> [UInt8] {
        let size = model.constants.reduce(0) { $0 + $1.data.byteCount }
        guard size <= largestInline else {
            throw CNNOptError(
                .unsupported,
                "a model of \(size) bytes does not fit into one ONNX message",
                remedy: "write it to a file: its weights then go beside it"
            )
        }
        let arena = MessageArena()
        let message = try MessageWriter(arena: arena, external: nil).model(model)
        return withExtendedLifetime((arena, model)) { packed(message) }
    }
}
