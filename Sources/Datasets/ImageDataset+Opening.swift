import Tensors

extension ImageDataset {
    /// Opens images by path.
    /// - Parameters:
    ///   - data: a file of one array (`.npy`, idx, either compressed by gzip), a `.npz`, or a folder of JPEG and PNG files
    ///     (flat, or with one sub-folder for each class) or of TensorProto files.
    ///   - labels: a file of one array of integers in the order of the images, or "filename label" lines, which choose and
    ///     order the files of a folder. Nil for those that a `.npz` holds beside the images; class sub-folders are labels
    ///     by themselves.
    ///   - labelOffset: the class index of label 0.
    ///   - samples: how many to use after a shuffle by `seed`; nil for all in their order.
    ///   - readTensor: reads a TensorProto file; nil where there will be none.
    /// - Throws: `missingInput`, `invalidData` and `unsupported` naming the file; `usage` where the preprocessing does not
    ///   suit the images, or an archive leaves open which array is meant.
    package static func open(
        data: String,
        labels: String? = nil,
        labelOffset: Int = 0,
        preprocess: Preprocess = Preprocess(),
        samples: Int? = nil,
        seed: UInt64 = 0,
        readTensor: TensorReader? = nil
    ) throws(CNNOptError) -> ImageDataset {
        if let samples, samples < 1 {
            throw CNNOptError(.usage, "\(samples) samples were asked for; at least one is needed")
        }
        let given: Labels?
        if let labels { given = try Labels(labels, offset: labelOffset) } else { given = nil }
        let found =
            ImageFolder.isFolder(data)
            ? try folder(data, given, labelFile: labels, labelOffset, readTensor)
            : try array(data, given, labelFile: labels, labelOffset)
        guard found.labels == nil || found.labels?.count == found.source.count else {
            throw CNNOptError(
                .invalidData,
                "\(found.labels?.count ?? 0) labels for the \(found.source.count) images of \(data)"
            ).inFile(labels ?? ArrayFile.Place(data).path)
        }
        let all: ImageDataset
        do {
            all = try ImageDataset(
                name: found.name,
                source: found.source,
                labels: found.labels,
                preprocess: preprocess
            )
        } catch {
            throw error.code == .usage ? error : error.inFile(data)
        }
        guard let samples else { return all }
        return all.shuffled(seed: seed).split(at: samples).first
    }

    /// Images as they were found, before they are prepared.
    private typealias Found = (name: String, source: ImageSource, labels: [Int]?)

    private static func folder(
        _ path: String,
        _ given: Labels?,
        labelFile: String?,
        _ offset: Int,
        _ readTensor: TensorReader?
    ) throws(CNNOptError) -> Found {
        let folder = ImageFolder(path: path)
        let paths: [String]
        var labels: [Int]?
        switch given {
        case .named(let rows):
            paths = try folder.files(named: rows.map(\.name), labelFile: labelFile ?? "")
            labels = rows.map(\.label)
        case .ordered(let list):
            paths = try folder.files().paths
            labels = list
        case nil:
            let found = try folder.files()
            paths = found.paths
            labels = try found.classes.map { (classes) throws(CNNOptError) in try shifted(classes, offset) }
        }
        guard !paths.isEmpty, paths.allSatisfy(TensorFiles.hasTensorName) else {
            return (shortName(path), .files(paths), labels)
        }
        let samples = try TensorFiles.stacked(paths, readTensor)
        do {
            return (shortName(path), .array(try ImageArray(samples)), labels)
        } catch {
            throw error.inFile(path)
        }
    }

    private static func array(
        _ data: String,
        _ given: Labels?,
        labelFile: String?,
        _ offset: Int
    ) throws(CNNOptError) -> Found {
        let place = ArrayFile.Place(data)
        do throws(CNNOptError) {
            let images = try ArrayFile.images(place, withLabels: given == nil)
            let source = ImageSource.array(try ImageArray(images.tensor))
            let name = shortName(place.path) + (images.member.map { ":\($0)" } ?? "")
            switch given {
            case .ordered(let list): return (name, source, list)
            case .named:
                throw CNNOptError(
                    .invalidData,
                    "names image files, but the images are one array",
                    remedy: "give the labels as a .npy of integers"
                ).inFile(labelFile ?? "")
            case nil:
                guard let labels = images.labels else { return (name, source, nil) }
                do {
                    return (name, source, try Labels.list(labels.list, offset))
                } catch {
                    throw error.atValue(labels.name)
                }
            }
        } catch {
            throw error.inFile(place.path)
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
