#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The names of the temporary files that are open, kept where a signal handler can read them without lock or allocation:
/// a fixed table of C strings. A slot is taken when its first byte is not 0; that byte is written last and cleared first.
/// Files beyond the table are removed by their owners only.
enum TemporaryFiles {
    private static let slotCount = 64
    private static let slotBytes = 4_096

    /// Unchecked: writers hold the lock; the signal handler's reads are explained above.
    private final class Table: @unchecked Sendable {
        let names: UnsafeMutablePointer<CChar>
        /// Files named so far.
        let number = Locked(0)

        init() {
            names = .allocate(capacity: slotCount * slotBytes)
            names.initialize(repeating: 0, count: slotCount * slotBytes)
        }
    }

    private static let table = Table()

    /// A number that no other temporary file of this process has.
    static func nextNumber() -> Int {
        table.number.withLock { number in
            number += 1
            return number
        }
    }

    /// Remembers a file; nil where the table is full or the name too long.
    static func register(_ path: String) -> Int? {
        let bytes = absolute(path).utf8CString
        guard bytes.count <= slotBytes, let first = bytes.first, first != 0 else { return nil }
        return table.number.withLock { _ in
            for slot in 0..<slotCount where table.names[slot * slotBytes] == 0 {
                let name = table.names + slot * slotBytes
                for index in bytes.indices.dropFirst() { name[index] = bytes[index] }
                name[0] = first
                return slot
            }
            return nil
        }
    }

    static func unregister(_ slot: Int?) {
        guard let slot else { return }
        table.number.withLock { _ in table.names[slot * slotBytes] = 0 }
    }

    static func removeAll() {
        for slot in 0..<slotCount where table.names[slot * slotBytes] != 0 {
            unlink(table.names + slot * slotBytes)
        }
    }

    private static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
        defer { free(folder) }
        return String(cString: folder) + "/" + path
    }
}
