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
        case free
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
        guard byteCount >= 0, byteCount <= MemoryBudget.largestAllocation else {
            throw CNNOptError(
                .invalidModel,
                "a tensor of \(byteCount) bytes is larger than this machine's memory",
                remedy: "check the shapes, or fix them with --input-shape"
            )
        }
        var pointer: UnsafeMutableRawPointer?
        guard posix_memalign(&pointer, alignment, max(byteCount, 1)) == 0, let pointer else {
            throw CNNOptError(.inputOutput, "out of memory: \(byteCount) bytes asked for")
        }
        if zeroed { memset(pointer, 0, byteCount) }
        return TensorStorage(base: pointer, byteCount: byteCount, isMutable: true, release: .free)
    }

    /// Takes over memory that `free` releases, from an allocator that aligns to ``alignment``.
    package static func adopting(_ pointer: UnsafeMutableRawPointer, byteCount: Int) -> TensorStorage {
        TensorStorage(base: pointer, byteCount: byteCount, isMutable: true, release: .free)
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

    deinit {
        switch release {
        case .free: free(base)
        case .unmap(let pointer, let length): munmap(pointer, length)
        case .nothing: break
        }
    }
}

/// Limits on memory that sizes from outside may ask for.
package enum MemoryBudget {
    /// The largest single allocation: the machine's physical memory, in bytes.
    package static let largestAllocation: Int = {
        let pages = sysconf(Int32(_SC_PHYS_PAGES))
        let size = sysconf(Int32(_SC_PAGESIZE))
        let (bytes, overflow) = pages.multipliedReportingOverflow(by: size)
        return overflow || bytes <= 0 ? 1 << 34 : bytes
    }()
}
