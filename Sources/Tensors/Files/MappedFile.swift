#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// An input file, mapped for reading: its pages come from the disk when they are touched and need no memory of ours.
package struct MappedFile: Sendable {
    /// The name as the caller gave it, for messages.
    package let path: String
    /// The file's bytes; slices of it keep the mapping alive.
    package let storage: TensorStorage

    /// Maps the whole file; an empty file gives no bytes.
    /// - Throws: `missingInput` where it is absent, unreadable, or no ordinary file.
    package init(_ path: String) throws(CNNOptError) {
        self.path = path
        // Without O_NONBLOCK the open of a pipe would wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Self.unreadable(path, systemMessage(errno)) }
        defer { close(descriptor) }
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { throw Self.unreadable(path, systemMessage(errno)) }
        switch information.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw Self.unreadable(path, "it is a folder")
        default: throw Self.unreadable(path, "it is not an ordinary file")
        }
        let size = Int(information.st_size)
        guard size > 0 else {
            storage = try TensorStorage.allocate(byteCount: 0)
            return
        }
        guard let pointer = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), pointer != MAP_FAILED else {
            throw Self.unreadable(path, systemMessage(errno))
        }
        storage = .adoptingMapping(pointer, byteCount: size)
    }

    /// The size of the file in bytes.
    package var byteCount: Int { storage.byteCount }

    /// Gives back the memory of pages that were read; they come from the disk again when they are touched again.
    package func releasePages() { storage.releasePages() }

    /// Reads the bytes in place.
    package func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws(CNNOptError) -> R) throws(CNNOptError) -> R {
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount))
    }

    private static func unreadable(_ path: String, _ reason: String) -> CNNOptError {
        CNNOptError(.missingInput, "cannot be read: \(reason)").inFile(path)
    }
}
