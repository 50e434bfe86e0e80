import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Finds the files beside a model that hold its weights. They are mapped once each, and must lie inside the model's folder:
/// a model from a stranger must not be able to name other files of this machine.
final class ExternalDataReader {
    private let folder: String?
    private var files: [String: TensorStorage] = [:]

    /// - Parameter modelPath: nil for a model that came from memory, which has no folder.
    init(modelPath: String?) {
        folder = modelPath.map { path in path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./" }
    }

    /// The bytes of one tensor.
    /// - Parameters:
    ///   - location: the file, relative to the model's folder.
    ///   - offset: the first byte.
    ///   - length: the number of bytes.
    func storage(location: String, offset: Int, length: Int) throws(CNNOptError) -> TensorStorage {
        let file = try file(location)
        guard let part = file.slice(offset: offset, byteCount: length) else {
            throw CNNOptError(
                .invalidModel,
                "its external data are \(length) bytes from byte \(offset) of '\(location)', which has \(file.byteCount)",
                remedy: "the data file is cut short, or belongs to another model"
            )
        }
        return part
    }

    private func file(_ location: String) throws(CNNOptError) -> TensorStorage {
        if let known = files[location] { return known }
        guard let folder else {
            throw CNNOptError(
                .unsupported,
                "its external data '\(location)' cannot be found, because the model came from memory",
                remedy: "read the model from its file"
            )
        }
        let parts = location.split(separator: "/", omittingEmptySubsequences: false)
        guard !location.hasPrefix("/"), !parts.contains("..") else { throw Self.outside(location) }
        let path = folder + location
        guard let home = Self.resolved(folder), let target = Self.resolved(path) else {
            throw CNNOptError(
                .missingInput,
                "its external data '\(location)' are not beside the model: \(String(cString: strerror(errno)))",
                remedy: "put the data file into the model's folder"
            )
        }
        guard target.hasPrefix(home.hasSuffix("/") ? home : home + "/") else { throw Self.outside(location) }
        let storage = try MappedFile(target).storage
        files[location] = storage
        return storage
    }

    private static func resolved(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func outside(_ location: String) -> CNNOptError {
        CNNOptError(
            .invalidModel,
            "its external data '\(location)' lie outside the model's folder",
            remedy: "only files beside the model or below it are read"
        )
    }
}
