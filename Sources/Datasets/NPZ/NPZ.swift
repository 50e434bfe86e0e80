import Tensors

/// NumPy's archives of named arrays (`.npz`): zip archives with one `.npy` each array, stored or deflated.
struct NPZ {
    private let archive: ZipArchive
    /// The arrays' names in the order of the archive, without `.npy`.
    let names: [String]

    /// Names that image arrays go by, each with those of their labels; the first that is there counts.
    static let conventions: [(images: String, labels: [String])] = [
        ("images", ["labels", "label"]), ("image", ["label", "labels"]), ("x", ["y", "labels"]),
        ("data", ["labels", "label", "targets", "target"]), ("x_test", ["y_test"]), ("test_images", ["test_labels"]),
        ("x_val", ["y_val"]), ("val_images", ["val_labels"]), ("x_train", ["y_train"]),
        ("train_images", ["train_labels"]), ("arr_0", ["arr_1"]),
    ]

    init(_ file: MappedFile) throws(CNNOptError) {
        archive = try ZipArchive(file)
        names = archive.members.filter { $0.name.hasSuffix(Self.ending) }.map { String($0.name.dropLast(4)) }
        guard !names.isEmpty else { throw CNNOptError(.invalidData, "the archive holds no arrays (.npy)") }
    }

    private static let ending = ".npy"

    /// - Throws: `missingInput` listing the names where there is none of this one; `invalidData` where there are two.
    func read(_ name: String) throws(CNNOptError) -> TensorData {
        let found = archive.members.filter { $0.name == name + Self.ending }
        guard let member = found.first else {
            throw CNNOptError(.missingInput, "the archive has no array '\(name)'", remedy: "it has \(list)")
        }
        guard found.count == 1 else {
            throw CNNOptError(.invalidData, "the archive holds '\(name)' \(found.count) times")
        }
        do {
            return try NPY.read(try archive.content(of: member))
        } catch {
            throw error.atValue(name)
        }
    }

    /// The array of images: the only one, or the first of ``conventions``.
    func imagesName() throws(CNNOptError) -> String {
        try chosen(Self.conventions.map(\.images), "images", "--data")
    }

    /// The array of labels where labels alone are asked for: the only one, or the first of ``conventions``.
    func labelsName() throws(CNNOptError) -> String {
        try chosen(Self.conventions.flatMap(\.labels), "labels", "--labels")
    }

    /// The labels that go with an array of images; nil where there are none.
    func labelsName(besides images: String) -> String? {
        let known = Self.conventions.first { $0.images == images.lowercased() }?.labels ?? Self.conventions[0].labels
        return first(of: known, except: images)
    }

    private func chosen(_ known: [String], _ what: String, _ option: String) throws(CNNOptError) -> String {
        if names.count == 1 { return names[0] }
        if let name = first(of: known) { return name }
        throw CNNOptError(
            .usage,
            "which of its arrays holds the \(what)? It has \(list)",
            remedy: "say it behind a colon: \(option) file.npz:\(names[0])"
        )
    }

    private func first(of known: [String], except other: String? = nil) -> String? {
        for wanted in known {
            if let name = names.first(where: { $0.lowercased() == wanted && $0 != other }) { return name }
        }
        return nil
    }

    private var list: String {
        let shown = names.prefix(20).map { "'\($0)'" }.joined(separator: ", ")
        return names.count > 20 ? shown + " and \(names.count - 20) more" : shown
    }
}
