import COnnxSchema
import Tensors

/// Lets protobuf-c write a message piece by piece into a file, so that it never lies in memory as a whole.
final class PackingSink {
    private static let bufferBytes = 1 << 18

    private var file: AtomicFile?
    private var buffer: [UInt8] = []
    private var failure: CNNOptError?

    init(_ file: consuming AtomicFile) {
        self.file = Optional(file)
        buffer.reserveCapacity(Self.bufferBytes)
    }

    /// Writes the message.
    /// - Throws: `inputOutput` where the disk is full or fails.
    func write<M>(_ message: UnsafeMutablePointer<M>) throws(CNNOptError) {
        // C's way to extend a structure: protobuf-c sees its ProtobufCBuffer, behind which our own pointer lies.
        let stride = MemoryLayout<ProtobufCBuffer>.stride
        let extended = UnsafeMutableRawPointer.allocate(byteCount: stride + 8, alignment: 16)
        defer { extended.deallocate() }
        extended.storeBytes(
            of: Unmanaged.passUnretained(self).toOpaque(),
            toByteOffset: stride,
            as: UnsafeRawPointer.self
        )
        let base = extended.bindMemory(to: ProtobufCBuffer.self, capacity: 1)
        base.initialize(
            to: ProtobufCBuffer(append: { buffer, count, data in
                guard let buffer else { return }
                let context = UnsafeRawPointer(buffer)
                    .load(fromByteOffset: MemoryLayout<ProtobufCBuffer>.stride, as: UnsafeRawPointer.self)
                Unmanaged<PackingSink>.fromOpaque(context).takeUnretainedValue()
                    .append(UnsafeRawBufferPointer(start: data, count: count))
            })
        )
        let packed = UnsafeRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self)
        withExtendedLifetime(self) { _ = protobuf_c_message_pack_to_buffer(packed, base) }
        flush()
        if let failure { throw failure }
    }

    /// Gives the file its name.
    func commit() throws(CNNOptError) {
        if let file = file.take() { try file.commit() }
    }

    private func append(_ bytes: UnsafeRawBufferPointer) {
        if bytes.count >= Self.bufferBytes {
            flush()
            attempt { (file) throws(CNNOptError) in try file?.write(bytes) }
        } else {
            if buffer.count + bytes.count > Self.bufferBytes { flush() }
            buffer.append(contentsOf: bytes)
        }
    }

    private func flush() {
        attempt { (file) throws(CNNOptError) in try file?.write(buffer) }
        buffer.removeAll(keepingCapacity: true)
    }

    /// protobuf-c cannot be stopped half-way: after a failure the rest is dropped.
    private func attempt(_ body: (inout AtomicFile?) throws(CNNOptError) -> Void) {
        guard failure == nil else { return }
        do throws(CNNOptError) { try body(&file) } catch { failure = error }
    }
}
