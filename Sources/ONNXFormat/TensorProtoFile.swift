import COnnxSchema
import GraphIR
import Tensors

/// Files that hold one serialised TensorProto: the inputs and outputs of ONNX's own test cases.
package enum TensorProtoFile {
    /// Reads a tensor; its name is there if the file gives one.
    /// - Throws: `missingInput`, `invalidData` where it is no sound tensor, `unsupported` for element types of the future.
    package static func read(path: String) throws(CNNOptError) -> Constant {
        let file = try MappedFile(path)
        do {
            return try file.withBytes { (bytes) throws(CNNOptError) in try read(bytes) }
        } catch {
            throw error.asData.inFile(path)
        }
    }

    private static func read(_ bytes: UnsafeRawBufferPointer) throws(CNNOptError) -> Constant {
        var empty = Onnx__TensorProto()
        onnx__tensor_proto__init(&empty)
        let descriptor: WireGuard.Descriptor = empty.base.descriptor
        try WireGuard.check(bytes, as: descriptor)
        return try ProtobufHeap().withUnpacked(bytes, as: descriptor) { (message) throws(CNNOptError) in
            let tensor = UnsafeMutableRawPointer(message).assumingMemoryBound(to: Onnx__TensorProto.self)
            let reader = MessageReader(external: ExternalDataReader(modelPath: nil))
            guard let constant = try reader.constant(tensor) else {
                throw CNNOptError(.unsupported, "element type \(tensor.pointee.data_type) is not known here")
            }
            return constant
        }
    }

    /// Writes a tensor: the file appears whole or not at all.
    package static func write(_ constant: Constant, to path: String) throws(CNNOptError) {
        let arena = MessageArena()
        let sink = PackingSink(try AtomicFile(path))
        try sink.write(try MessageWriter(arena: arena, external: nil).tensor(constant))
        withExtendedLifetime((arena, constant)) {}
        try sink.commit()
    }
}

extension CNNOptError {
    /// The same error said of data instead of a model.
    fileprivate var asData: CNNOptError {
        var copy = self
        if code == .invalidModel { copy.code = .invalidData }
        return copy
    }
}
