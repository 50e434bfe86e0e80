import CompactFormat
import Foundation
import GraphIR
import ONNXFormat
import Tensors

/// Model files by their extension.
enum ModelFile {
    enum Format {
        case onnx
        case compact
    }

    static func format(_ path: String) throws(CNNOptError) -> Format {
        switch URL(fileURLWithPath: path).pathExtension.lowercased() {
        case "onnx", "pb": return .onnx
        case "cnz": return .compact
        case let other:
            let found = other.isEmpty ? "the name has no extension" : "the extension is .\(other)"
            throw CNNOptError(.usage, found, remedy: "ONNX models end in .onnx or .pb, compact ones in .cnz").inFile(
                path
            )
        }
    }

    /// Reads a model.
    /// - Parameter threads: how many threads decode a compact file.
    static func read(_ path: String, threads: Int) throws(CNNOptError) -> Model {
        switch try format(path) {
        case .onnx: return try ONNXReader.read(path: path)
        case .compact:
            let archive = try CompactArchive(path: path)
            do {
                return try archive.model(name: path, threads: threads)
            } catch {
                throw error.location.file == nil ? error.inFile(path) : error
            }
        }
    }

    /// Reads a model for what is in it. The large tensors of a compact file are not decoded.
    /// - Returns: the model, and for tensors whose elements are all left zero how many of them really are, by name.
    static func readOutline(_ path: String, threads: Int) throws(CNNOptError) -> (Model, zeros: [String: Int]) {
        guard try format(path) == .compact else { return (try read(path, threads: threads), [:]) }
        let archive = try CompactArchive(path: path)
        let outline: (model: TensorStorage, zeros: [String: Int])
        do { outline = try archive.outline(threads: threads) } catch { throw error.inFile(path) }
        defer { withExtendedLifetime(outline.model) {} }
        let bytes = UnsafeRawBufferPointer(start: outline.model.base, count: outline.model.byteCount)
        return (try ONNXReader.read(bytes, name: path), outline.zeros)
    }

    /// Writes a model, whole or not at all.
    /// - Parameter threads: how many threads code a compact file; the file does not depend on it.
    static func write(_ model: Model, to path: String, threads: Int) throws(CNNOptError) {
        switch try format(path) {
        case .onnx: try ONNXWriter.write(model, to: path)
        case .compact:
            try packed(model, threads: threads).write(to: path)
        }
    }

    /// The bytes of a model as a compact file.
    static func compactByteCount(_ model: Model, threads: Int) throws(CNNOptError) -> Int {
        try packed(model, threads: threads).byteCount
    }

    private static func packed(_ model: Model, threads: Int) throws(CNNOptError) -> CompactWriter.Packed {
        try ONNXWriter.bytes(of: model).withRawBytes { (bytes) throws(CNNOptError) in
            try CompactWriter.pack(bytes, threads: threads)
        }
    }

    /// Checks that a model can be written there, before long work ends in an error: a temporary file is made and dropped.
    static func checkWritable(_ path: String) throws(CNNOptError) {
        _ = try format(path)
        _ = try AtomicFile(path)
    }

    /// The size in bytes of a model that was read there, with its external data.
    static func byteCount(_ path: String, _ model: Model) -> Int {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        var files: Set<String> = [path]
        for id in model.graph.initializers {
            if case .external(let location, _, _)? = model.graph[id].constant?.wireForm {
                files.insert(folder.appendingPathComponent(location).path)
            }
        }
        return files.reduce(0) { $0 + size($1) }
    }

    /// The size in bytes of a model that was written there, with its external data.
    static func writtenByteCount(_ path: String, _ model: Model) -> Int {
        let own = size(path)
        if (try? format(path)) == .compact { return own }
        let weights = model.graph.initializers.reduce(0) { $0 + (model.graph[$1].constant?.data.byteCount ?? 0) }
        return own >= weights ? own : own + size(ONNXWriter.externalDataPath(path))
    }

    private static func size(_ path: String) -> Int {
        (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    }
}

extension CompactArchive {
    /// Restores the model file; errors name the compact one.
    func restored(_ path: String, threads: Int) throws(CNNOptError) -> TensorStorage {
        do { return try restore(threads: threads) } catch { throw error.inFile(path) }
    }
}

extension [UInt8] {
    /// `withUnsafeBytes` with the error type kept.
    func withRawBytes<R>(_ body: (UnsafeRawBufferPointer) throws(CNNOptError) -> R) throws(CNNOptError) -> R {
        let result = withUnsafeBytes { raw -> Result<R, CNNOptError> in
            do throws(CNNOptError) { return .success(try body(raw)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}

/// Removes the temporary files of outputs that are being written: for a process that is about to end.
public func discardUnfinishedOutputs() { AtomicFile.removeAllTemporaries() }

/// Checks that a text file can be written there, before long work ends in an error.
/// - Throws: `cannotCreateOutput` naming the file.
public func checkWritable(_ path: String) throws(CNNOptError) { _ = try AtomicFile(path) }

/// Writes a text file, whole or not at all.
/// - Throws: `cannotCreateOutput` or `inputOutput` naming the file.
public func writeOutput(_ text: String, to path: String) throws(CNNOptError) {
    var file = try AtomicFile(path)
    try file.write(Array(text.utf8))
    try file.commit()
}
