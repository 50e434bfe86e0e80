import Tensors

extension ImageDataset {
    /// Opens images by path.
    /// - Parameters:
    ///   - data: a `.npy` of uint8 or float32 (N,C,H,W or N,H,W), or a folder of JPEG and PNG files: flat, or with one
    ///     sub-folder for each class.
    ///   - labels: a `.npy` of integers in the order of the images, or "filename label" lines, which choose and order the
    ///     files of a folder. Nil for none; class sub-folders are labels by themselves.
    ///   - labelOffset: the class index of label 0.
    ///   - samples: how many to use after a shuffle by `seed`; nil for all in their order.
    /// - Throws: `missingInput`, `invalidData` and `unsupported` naming the file; `usage` where the preprocessing does not
    ///   suit the images.
    package static func open(
        data: String,
        labels: String? = nil,
        labelOffset: Int = 0,
        preprocess: Preprocess = Preprocess(),
        samples: Int? = nil,
        seed: UInt64 = 0
    ) throws(CNNOptError) -> ImageDataset {
        if let samples, samples < 1 {
            throw CNNOptError(.usage, "\(samples) samples were asked for; at least one is needed")
        }
        let all = try openAll(data, labels, labelOffset, preprocess)
        guard let samples else { return all }
        return all.shuffled(seed: seed).split(at: samples).first
    }

    private static func openAll(
        _ data: String,
        _ labelPath: String?,
        _ offset: Int,
        _ preprocess: Preprocess
    ) throws(CNNOptError) -> ImageDataset {
        let name = shortName(data)
        let given: Labels?
        if let labelPath { given = try Labels(labelPath, offset: offset) } else { given = nil }
        let source: ImageSource
        var labels: [Int]?
        if ImageFolder.isFolder(data) {
            let folder = ImageFolder(path: data)
            if case .named(let rows) = given {
                source = .files(try folder.files(named: rows.map(\.name), labelFile: labelPath ?? ""))
                labels = rows.map(\.label)
            } else {
                let found = try folder.files()
                source = .files(found.paths)
                labels = try found.classes.map { (classes) throws(CNNOptError) in try shifted(classes, offset) }
            }
        } else {
            source = .array(try array(data))
            if case .named = given, let labelPath {
                throw CNNOptError(
                    .invalidData,
                    "names image files, but the images are one array",
                    remedy: "give the labels as a .npy of integers"
                ).inFile(labelPath)
            }
        }
        if case .ordered(let list) = given { labels = list }
        guard labels == nil || labels?.count == source.count else {
            throw CNNOptError(.invalidData, "\(labels?.count ?? 0) labels for the \(source.count) images of \(data)")
                .inFile(labelPath ?? data)
        }
        do {
            return try ImageDataset(name: name, source: source, labels: labels, preprocess: preprocess)
        } catch {
            throw error.code == .usage ? error : error.inFile(data)
        }
    }

    private static func array(_ path: String) throws(CNNOptError) -> ImageArray {
        do throws(CNNOptError) {
            let kind = try MappedFile(path).withBytes { (bytes) throws(CNNOptError) in FileKind(bytes) }
            guard kind == .npy else {
                throw CNNOptError(
                    kind == .other ? .invalidData : .unsupported,
                    "\(kind.name) is no set of images",
                    remedy: "use a .npy of uint8 or float32 images (N,C,H,W), or a folder of JPEG or PNG files"
                )
            }
            return try ImageArray(try NPY.read(path))
        } catch {
            throw error.inFile(path)
        }
    }

    private static func shifted(_ classes: [Int], _ offset: Int) throws(CNNOptError) -> [Int] {
        var result: [Int] = []
        for index in classes {
            let (sum, overflow) = index.addingReportingOverflow(offset)
            guard !overflow, sum >= 0 else {
                throw CNNOptError(.usage, "a label offset of \(offset) makes class \(index) negative")
            }
            result.append(sum)
        }
        return result
    }

    /// The last two parts of a path.
    private static func shortName(_ path: String) -> String {
        path.split(separator: "/").suffix(2).joined(separator: "/")
    }
}
