import Foundation
import Tensors

/// A folder of JPEG and PNG files: flat, flat in its sub-folder `images`, or with one sub-folder for each class; or a flat
/// folder of TensorProto files. Names are ordered by their bytes; hidden ones are passed over.
struct ImageFolder {
    let path: String

    static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    /// Exactly the named files, in this order; they lie in the folder or in its sub-folder `images`.
    /// - Throws: `missingInput` naming the line's file.
    func files(named names: [String], labelFile: String) throws(CNNOptError) -> [String] {
        let present = Set(try Self.names(path))
        let imagesFolder = path + "/images"
        let inImages = Self.isFolder(imagesFolder) ? Set(try Self.names(imagesFolder)) : []
        var paths: [String] = []
        paths.reserveCapacity(names.count)
        for name in names {
            let parts = name.split(separator: "/", omittingEmptySubsequences: false)
            guard !name.hasPrefix("/"), !parts.contains("..") else {
                throw CNNOptError(.invalidData, "'\(name)' lies outside of \(path)").inFile(labelFile)
            }
            if present.contains(name) {
                paths.append("\(path)/\(name)")
            } else if inImages.contains(name) {
                paths.append("\(imagesFolder)/\(name)")
            } else if parts.count > 1, FileManager.default.fileExists(atPath: "\(path)/\(name)") {
                paths.append("\(path)/\(name)")
            } else {
                throw CNNOptError(.missingInput, "'\(name)' is not in \(path)", remedy: "check --data and the labels")
                    .inFile(labelFile)
            }
        }
        return paths
    }

    /// All image files, or where none lie in the folder itself all TensorProto files; with class sub-folders also the class
    /// index of each.
    /// - Throws: `invalidData` where there are none, or a class has none.
    func files() throws(CNNOptError) -> (paths: [String], classes: [Int]?) {
        let names = try Self.names(path)
        let flat = Self.images(in: path, names)
        if !flat.isEmpty { return (flat, nil) }
        let tensors = names.filter(TensorFiles.hasTensorName).map { "\(path)/\($0)" }
        if !tensors.isEmpty { return (tensors, nil) }
        let folders = names.filter { !$0.hasPrefix(".") && Self.isFolder("\(path)/\($0)") }
        if folders == ["images"] {
            let images = Self.images(in: "\(path)/images", try Self.names("\(path)/images"))
            if !images.isEmpty { return (images, nil) }
        }
        var paths: [String] = []
        var classes: [Int] = []
        for (index, folder) in folders.enumerated() {
            let images = Self.images(in: "\(path)/\(folder)", try Self.names("\(path)/\(folder)"))
            guard !images.isEmpty else {
                throw CNNOptError(
                    .invalidData,
                    "its class sub-folder '\(folder)' holds no JPEG or PNG files",
                    remedy: "every sub-folder of --data is one class, with the images right in it"
                ).inFile(path)
            }
            paths += images
            classes += [Int](repeating: index, count: images.count)
        }
        guard !paths.isEmpty else {
            throw CNNOptError(.invalidData, "the folder holds no JPEG, PNG or TensorProto (.pb) files").inFile(path)
        }
        return (paths, classes)
    }

    private static func images(in folder: String, _ names: [String]) -> [String] {
        names.filter(ImageFile.hasImageName).map { "\(folder)/\($0)" }
    }

    /// The names in a folder by the order of their bytes.
    private static func names(_ path: String) throws(CNNOptError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path)
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        } catch {
            throw CNNOptError(.missingInput, "the folder cannot be read").inFile(path)
        }
    }
}
