#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// An output file that comes into being whole or not at all: it is written to a temporary neighbour, which ``commit()``
/// renames to the wanted name. Without a commit the neighbour is removed and an older file of that name stays as it was.
///
///     var file = try AtomicFile(path)
///     try file.write(header)
///     try file.commit()
///
/// Creating one and letting it go proves that the path can be written, before long work starts.
package struct AtomicFile: ~Copyable, Sendable {
    /// The name as the caller gave it, for messages.
    package let path: String
    /// Where the bytes go in the end: `path`, or what it links to.
    private let destination: String
    private let temporary: String
    private let descriptor: Int32
    private let slot: Int?
    private var isCommitted = false

    /// Opens the temporary neighbour.
    /// - Throws: `cannotCreateOutput` where the folder is missing or unwritable, or the name is taken by something other
    ///   than a writable ordinary file.
    package init(_ path: String) throws(CNNOptError) {
        let destination = try Self.destination(of: path)
        let (temporary, descriptor) = try Self.openNeighbour(of: destination, for: path)
        var old = stat()
        if stat(destination, &old) == 0 { _ = fchmod(descriptor, old.st_mode & 0o777) }
        self.path = path
        self.destination = destination
        self.temporary = temporary
        self.descriptor = descriptor
        slot = TemporaryFiles.register(temporary)
    }

    deinit {
        if !isCommitted {
            close(descriptor)
            unlink(temporary)
        }
        TemporaryFiles.unregister(slot)
    }

    /// Appends bytes.
    /// - Throws: `inputOutput` where the disk is full or fails.
    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(CNNOptError) {
        var done = 0
        while done < bytes.count {
            // Linux writes at most 2 GiB a call.
            let part = UnsafeRawBufferPointer(rebasing: bytes[done..<min(bytes.count, done + 1 << 30)])
            #if canImport(Glibc)
                let written = Glibc.write(descriptor, part.baseAddress, part.count)
            #else
                let written = Darwin.write(descriptor, part.baseAddress, part.count)
            #endif
            if written < 0 {
                if errno == EINTR { continue }
                throw Self.cannotWrite(path, errno)
            }
            done += written
        }
    }

    /// Appends bytes.
    /// - Throws: `inputOutput` where the disk is full or fails.
    package mutating func write(_ bytes: [UInt8]) throws(CNNOptError) {
        var failure: CNNOptError?
        bytes.withUnsafeBytes { raw in
            do throws(CNNOptError) { try write(raw) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Gives the file its name, replacing an older one in a single step.
    /// - Throws: `inputOutput` where the last bytes cannot be stored; `cannotCreateOutput` where the name cannot be taken.
    package consuming func commit() throws(CNNOptError) {
        isCommitted = true
        let closed = close(descriptor)
        let reason = errno
        guard closed == 0 || reason == EINTR else {
            unlink(temporary)
            throw Self.cannotWrite(path, reason)
        }
        guard rename(temporary, destination) == 0 else {
            let reason = errno
            unlink(temporary)
            throw Self.cannotCreate(path, reason)
        }
    }

    /// Removes the temporary files that are open at this moment. It takes no lock and no memory, so a signal handler may
    /// call it before it ends the process; nothing else should.
    package static func removeAllTemporaries() { TemporaryFiles.removeAll() }

    private static func openNeighbour(
        of destination: String,
        for path: String
    ) throws(CNNOptError) -> (name: String, descriptor: Int32) {
        let folder = destination.lastIndex(of: "/").map { String(destination[...$0]) } ?? ""
        var attempt = 0
        while true {
            let name = "\(folder).cnnopt-\(getpid())-\(TemporaryFiles.nextNumber()).tmp"
            let descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if descriptor >= 0 { return (name, descriptor) }
            let reason = errno
            attempt += 1
            guard reason == EEXIST || reason == EINTR, attempt < 1_000 else { throw cannotCreate(path, reason) }
        }
    }

    private static func destination(of path: String) throws(CNNOptError) -> String {
        var information = stat()
        guard !path.isEmpty, !path.hasSuffix("/") else { throw cannotCreate(path, EISDIR) }
        guard lstat(path, &information) == 0 else { return path }
        var target = path
        if information.st_mode & S_IFMT == S_IFLNK {
            guard let resolved = realpath(path, nil) else { throw cannotCreate(path, errno) }
            defer { free(resolved) }
            target = String(cString: resolved)
            guard stat(target, &information) == 0 else { throw cannotCreate(path, errno) }
        }
        switch information.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw cannotCreate(path, EISDIR)
        default: throw CNNOptError(.cannotCreateOutput, "not an ordinary file, so it is not replaced").inFile(path)
        }
        guard access(target, W_OK) == 0 else { throw cannotCreate(path, errno) }
        return target
    }

    private static func cannotCreate(_ path: String, _ reason: Int32) -> CNNOptError {
        CNNOptError(.cannotCreateOutput, "cannot be created: \(systemMessage(reason))").inFile(path)
    }

    private static func cannotWrite(_ path: String, _ reason: Int32) -> CNNOptError {
        CNNOptError(.inputOutput, "cannot be written: \(systemMessage(reason))").inFile(path)
    }
}

/// The system's words for an `errno` value.
func systemMessage(_ reason: Int32) -> String { String(cString: strerror(reason)) }
