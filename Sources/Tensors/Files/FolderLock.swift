#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Holds a folder against other runs while the files of one output get their names, so that two runs that write the same model
/// leave the model of one with the data of the same one. File systems without locks go without.
package struct FolderLock: ~Copyable {
    private let descriptor: Int32

    /// Waits until no other run holds the folder of that file.
    package init(containing path: String) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}
