#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Limits on memory that sizes from outside may ask for.
package enum MemoryBudget {
    /// What tensors are charged to: one account for the whole process, unless a caller gives its work one of its own.
    @TaskLocal package static var account = MemoryAccount(limit: physicalMemory)

    /// The largest single allocation in bytes.
    package static var largestAllocation: Int { account.limit }

    /// The machine's physical memory in bytes.
    private static let physicalMemory: Int = {
        let pages = sysconf(Int32(_SC_PHYS_PAGES))
        let size = sysconf(Int32(_SC_PAGESIZE))
        let (bytes, overflow) = pages.multipliedReportingOverflow(by: size)
        return overflow || bytes <= 0 ? 1 << 34 : bytes
    }()
}

/// Bytes that tensors take at one time, and may take at most. Mapped files do not count.
package final class MemoryAccount: Sendable {
    package let limit: Int
    private let used = Locked(0)

    package init(limit: Int) { self.limit = limit }

    /// Charges memory that is about to be taken.
    /// - Throws: `invalidModel` where it would be more than the limit.
    func charge(_ byteCount: Int) throws(CNNOptError) {
        let left = used.withLock { used -> Int in
            let left = limit - used
            if byteCount >= 0, byteCount <= left { used += byteCount }
            return left
        }
        guard byteCount >= 0, byteCount <= left else {
            throw CNNOptError(
                .invalidModel,
                "a tensor of \(byteCount) bytes is wanted, but only \(max(left, 0)) of \(limit) bytes of memory are left",
                remedy: "check the shapes, or fix them with --input-shape"
            )
        }
    }

    /// Charges memory that has been taken already.
    func note(_ byteCount: Int) { used.withLock { $0 += byteCount } }

    func refund(_ byteCount: Int) { used.withLock { $0 -= byteCount } }
}
