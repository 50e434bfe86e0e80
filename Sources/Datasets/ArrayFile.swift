import Foundation
import Tensors

/// Files of one array (`.npy`, idx, either of them compressed by gzip) and archives of several (`.npz`), told apart by
/// their content.
enum ArrayFile {
    /// A path, and the array of an archive that is named behind a colon: `mnist.npz:x_train`.
    struct Place {
        let path: String
        let member: String?

        init(_ text: String) {
            let lowercased = text.lowercased()
            guard let range = lowercased.range(of: ".npz:", options: .backwards),
                range.upperBound < lowercased.endIndex,
                !FileManager.default.fileExists(atPath: text)
            else {
                (path, member) = (text, nil)
                return
            }
            let length = lowercased.distance(from: lowercased.startIndex, to: range.upperBound)
            (path, member) = (String(text.prefix(length - 1)), String(text.dropFirst(length)))
        }
    }

    /// The images of a file.
    struct Images {
        let tensor: TensorData
        /// The array's name in its archive.
        var member: String?
        /// Labels that the archive holds too; nil where the array was named, or the file holds but one.
        var labels: (name: String, list: TensorData)?
    }

    /// Reads the array of images. In an archive it is the named one, the only one, or one with a usual name.
    /// - Parameter withLabels: whether labels in the same archive are wanted.
    static func images(_ place: Place, withLabels: Bool) throws(CNNOptError) -> Images {
        let file = try MappedFile(place.path)
        let kind = try file.withBytes { (bytes) throws(CNNOptError) in FileKind(bytes) }
        guard kind == .npz else { return Images(tensor: try read(file, kind, member: place.member)) }
        let archive = try NPZ(file)
        if let member = place.member { return Images(tensor: try archive.read(member), member: member) }
        let name = try archive.imagesName()
        var result = Images(tensor: try archive.read(name), member: name)
        if withLabels, let labels = archive.labelsName(besides: name) {
            result.labels = (labels, try archive.read(labels))
        }
        return result
    }

    /// Reads the array of labels from a file of a kind that holds arrays.
    static func labels(_ file: MappedFile, _ kind: FileKind, member: String?) throws(CNNOptError) -> TensorData {
        guard kind == .npz else { return try read(file, kind, member: member) }
        let archive = try NPZ(file)
        if let member { return try archive.read(member) }
        return try archive.read(try archive.labelsName())
    }

    private static func read(_ file: MappedFile, _ kind: FileKind, member: String?) throws(CNNOptError) -> TensorData {
        if let member {
            throw CNNOptError(.usage, "'\(member)' is asked for, but this is \(kind.name), not an archive of arrays")
        }
        let content = ArrayContent(file.storage, compression: kind == .gzip ? .gzip : nil)
        // A plain file tells its kind again, a compressed one that of its content.
        let inner = try content.withHead { (bytes) throws(CNNOptError) in FileKind(bytes) }
        switch inner {
        case .npy: return try NPY.read(content)
        case .idx: return try IDX.read(content)
        default:
            let what = kind == .gzip ? "a gzip file that holds \(inner.name)" : kind.name
            throw CNNOptError(
                kind == .text ? .invalidData : .unsupported,
                file.byteCount == 0 ? "the file is empty" : "\(what) is no array",
                remedy: "use a .npy, .npz or idx file, or a folder of JPEG, PNG or TensorProto files"
            )
        }
    }
}
