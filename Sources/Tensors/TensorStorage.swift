#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Bytes shared by tensors: our own 64-byte aligned memory, memory taken over from a reader, or a mapped file.
///
/// Unchecked: the bytes change only while one `TensorData` holds the only reference (copy on write).
package final class TensorStorage: @unchecked Sendable {
    /// What has to happen to the memory at the end.
    private enum Release {
        case free(MemoryAccount)
        case unmap(UnsafeMutableRawPointer, Int)
        case nothing(keepAlive: AnyObject)
    }

    package let base: UnsafeMutableRawPointer
    package let byteCount: Int
    /// False for mapped files and slices of other storage: they are copied before a change.
    package let isMutable: Bool
    private let release: Release

    /// The alignment of all memory allocated here, in bytes.
    package static let alignment = 64

    private init(base: UnsafeMutableRawPointer, byteCount: Int, isMutable: Bool, release: Release) {
        self.base = base
        self.byteCount = byteCount
        self.isMutable = isMutable
        self.release = release
    }

    /// New memory; zeroed unless the caller will write every byte.
    package static func allocate(byteCount: Int, zeroed: Bool = true) throws(CNNOptError) -> TensorStorage {
        let account = MemoryBudget.account
        try account.charge(byteCount)
        var pointer: UnsafeMutableRawPointer?
        guard posix_memalign(&pointer, alignment, max(byteCount, 1)) == 0, let pointer else {
            account.refund(byteCount)
            throw CNNOptError(.inputOutput, "out of memory: \(byteCount) bytes asked for")
        }
        if zeroed { memset(pointer, 0, byteCount) }
        return TensorStorage(base: pointer, byteCount: byteCount, isMutable: true, release: .free(account))
    }

    /// Takes over memory that `free` releases, from an allocator that aligns to ``alignment``.
    package static func adopting(_ pointer: UnsafeMutableRawPointer, byteCount: Int) -> TensorStorage {
        let account = MemoryBudget.account
        account.note(byteCount)
        return TensorStorage(base: pointer, byteCount: byteCount, isMutable: true, release: .free(account))
    }

    /// Takes over a mapping; `munmap` releases it.
    package static func adoptingMapping(_ pointer: UnsafeMutableRawPointer, byteCount: Int) -> TensorStorage {
        TensorStorage(base: pointer, byteCount: byteCount, isMutable: false, release: .unmap(pointer, byteCount))
    }

    /// A part of other storage, which it keeps alive; nil where the range lies outside.
    package func slice(offset: Int, byteCount: Int) -> TensorStorage? {
        guard offset >= 0, byteCount >= 0, offset <= self.byteCount, byteCount <= self.byteCount - offset else {
            return nil
        }
        return TensorStorage(
            base: base + offset,
            byteCount: byteCount,
            isMutable: false,
            release: .nothing(keepAlive: self)
        )
    }

    /// Gives back the memory of a mapped file's pages that were read; they come from the file again when they are touched
    /// again. Nothing happens to memory of our own.
    package func releasePages() {
        switch release {
        case .unmap(let pointer, let length): madvise(pointer, length, MADV_DONTNEED)
        case .nothing(let owner): (owner as? TensorStorage)?.releasePages()
        case .free: break
        }
    }

    deinit {
        switch release {
        case .free(let account):
            free(base)
            account.refund(byteCount)
        case .unmap(let pointer, let length): munmap(pointer, length)
        case .nothing: break
        }
    }
}
