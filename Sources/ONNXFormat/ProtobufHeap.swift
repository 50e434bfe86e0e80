import COnnxSchema
import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The allocator that protobuf-c unpacks through. Large blocks are aligned as tensors are, so that their bytes can be taken
/// over; the total is limited, because a few bytes of a hostile file may ask for many of memory.
package final class ProtobufHeap {
    /// Blocks of at least so many bytes are aligned for tensors and worth taking over.
    static let adoptable = 512

    private let allocator: UnsafeMutablePointer<ProtobufCAllocator>
    private var remaining = MemoryBudget.largestAllocation
    private(set) var ranOut = false
    /// The file that is unpacked. Large blocks are copies of its bytes: its pages are given back as the copies grow.
    private let source: MappedFile?
    private var copiedBytes = 0
    private static let releasePeriod = 16 << 20

    package init(source: MappedFile? = nil) {
        self.source = source
        allocator = .allocate(capacity: 1)
        allocator.initialize(to: ProtobufCAllocator())
        allocator.pointee.allocator_data = Unmanaged.passUnretained(self).toOpaque()
        allocator.pointee.alloc = { data, size in
            guard let data else { return nil }
            return Unmanaged<ProtobufHeap>.fromOpaque(data).takeUnretainedValue().allocate(size)
        }
        allocator.pointee.free = { _, pointer in free(pointer) }
    }

    deinit { allocator.deallocate() }

    private func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
        guard size >= 0, size <= remaining else {
            ranOut = true
            return nil
        }
        remaining -= size
        if size < Self.adoptable { return malloc(max(size, 1)) }
        copiedBytes += size
        if copiedBytes >= Self.releasePeriod {
            source?.releasePages()
            copiedBytes = 0
        }
        var pointer: UnsafeMutableRawPointer?
        return posix_memalign(&pointer, TensorStorage.alignment, size) == 0 ? pointer : nil
    }

    /// Unpacks a message that ``WireGuard`` has passed, hands it to the body and frees what the body has not taken.
    package func withUnpacked<R>(
        _ bytes: UnsafeRawBufferPointer,
        as descriptor: WireGuard.Descriptor,
        _ body: (UnsafeMutablePointer<ProtobufCMessage>) throws(CNNOptError) -> R
    ) throws(CNNOptError) -> R {
        let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        guard let message = protobuf_c_message_unpack(descriptor, allocator, bytes.count, start) else {
            throw CNNOptError(
                .invalidModel,
                ranOut
                    ? "the file asks for more memory than this machine has"
                    : "not a sound ONNX file: protobuf-c cannot unpack it"
            )
        }
        defer { protobuf_c_message_free_unpacked(message, allocator) }
        return try body(message)
    }

    /// Takes a block of the unpacked message over as tensor storage, or copies it where it is small. The pointer becomes
    /// nil, so that freeing the message leaves the block alone.
    static func take<T>(_ block: inout UnsafeMutablePointer<T>?, count: Int) throws(CNNOptError) -> TensorStorage {
        let byteCount = count * MemoryLayout<T>.stride
        guard let pointer = block else { return try .allocate(byteCount: 0) }
        if byteCount >= adoptable {
            block = nil
            return .adopting(pointer, byteCount: byteCount)
        }
        let storage = try TensorStorage.allocate(byteCount: byteCount, zeroed: false)
        storage.base.copyMemory(from: pointer, byteCount: byteCount)
        return storage
    }
}
