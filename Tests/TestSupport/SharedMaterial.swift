import Foundation

/// The models, images and operator cases that lie beside a checkout in `../shared`. Tests that need them are skipped, with
/// the reason in the log, where they are absent.
package enum SharedMaterial {
    /// The checkout's root, found from this file's own path.
    package static let packageRoot = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    package static let root = packageRoot.deletingLastPathComponent().appendingPathComponent("shared")

    /// The path of a file or folder under `../shared`; nil where it is absent.
    package static func path(_ relative: String) -> String? {
        let path = root.appendingPathComponent(relative).path
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }

    /// Whether the shared material is there at all: use as `.enabled(if: SharedMaterial.isPresent, …)`.
    package static var isPresent: Bool { path("models/models.json") != nil }

    /// The file names of the shared models, sorted; empty where the material is absent.
    package static var modelNames: [String] {
        let all =
            (try? FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent("models").path)) ?? []
        return all.filter { $0.hasSuffix(".onnx") }.sorted()
    }
}

/// A new, empty folder that is removed when the body ends.
package func withTemporaryFolder<R>(_ body: (URL) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("cnnopt-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
}
