import Tensors

/// What a `--labels` file holds.
enum Labels {
    /// One label for each image, in the order of the images.
    case ordered([Int])
    /// Image names with their labels, in the order in which the images are used.
    case named([(name: String, label: Int)])

    /// Reads a `.npy` of integers, or lines of "filename label" where the name may hold spaces.
    /// - Parameter offset: is added to every label.
    /// - Throws: `invalidData` with the place of a label that is missing, no integer, or negative.
    init(_ path: String, offset: Int) throws(CNNOptError) {
        do throws(CNNOptError) {
            let file = try MappedFile(path)
            let kind = try file.withBytes { (bytes) throws(CNNOptError) in FileKind(bytes) }
            switch kind {
            case .npy: self = .ordered(try Self.fromArray(try NPY.read(path), offset))
            case .other:
                self = .named(try file.withBytes { (bytes) throws(CNNOptError) in try Self.fromText(bytes, offset) })
            default:
                throw CNNOptError(
                    .unsupported,
                    "labels in \(kind.name)",
                    remedy: "use a .npy of integers or a text file with \"filename label\" lines"
                )
            }
        } catch {
            throw error.inFile(path)
        }
    }

    private static func fromArray(_ tensor: TensorData, _ offset: Int) throws(CNNOptError) -> [Int] {
        let extents = tensor.shape.filter { $0 != 1 }
        guard tensor.elementType.isInteger, extents.count <= 1, !tensor.shape.isEmpty,
            let values = tensor.integers()
        else {
            throw CNNOptError(
                .invalidData,
                "labels are one list of integers, but this is \(tensor.elementType.onnxName) of shape \(tensor.shape)"
            )
        }
        var labels: [Int] = []
        labels.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            labels.append(try shifted(value, offset, "label \(index)"))
        }
        return labels
    }

    private static func fromText(
        _ bytes: UnsafeRawBufferPointer,
        _ offset: Int
    ) throws(CNNOptError) -> [(name: String, label: Int)] {
        var rows: [(name: String, label: Int)] = []
        var number = 0
        var start = 0
        while start < bytes.count {
            number += 1
            let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
            if let row = try row(bytes[start..<end], offset, number, at: start) { rows.append(row) }
            start = end + 1
        }
        return rows
    }

    /// One line; nil where it is blank.
    private static func row(
        _ line: Slice<UnsafeRawBufferPointer>,
        _ offset: Int,
        _ number: Int,
        at start: Int
    ) throws(CNNOptError) -> (name: String, label: Int)? {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
        let text = line.drop(while: isSpace)
        guard let last = text.lastIndex(where: { !isSpace($0) }) else { return nil }
        let content = text[...last]
        guard content.count <= 8_192, let space = content.lastIndex(where: isSpace),
            let name = content[..<space].lastIndex(where: { !isSpace($0) }),
            let label = Int(String(decoding: content[(space + 1)...], as: UTF8.self))
        else {
            let shown = String(decoding: content.prefix(60), as: UTF8.self)
            throw CNNOptError(.invalidData, "line \(number) is no \"filename label\": '\(shown)'").atByte(start)
        }
        do {
            return (String(decoding: content[...name], as: UTF8.self), try shifted(label, offset, "line \(number)"))
        } catch {
            throw error.atByte(start)
        }
    }

    private static func shifted(_ label: Int, _ offset: Int, _ place: String) throws(CNNOptError) -> Int {
        let (sum, overflow) = label.addingReportingOverflow(offset)
        guard label >= 0, !overflow, sum >= 0 else {
            let shift = offset == 0 ? "" : " with offset \(offset)"
            throw CNNOptError(.invalidData, "\(place) is \(label)\(shift); classes count from 0")
        }
        return sum
    }
}

/// What kind of file the first bytes tell of.
enum FileKind {
    case npy, npz, gzip, idx, jpeg, png, other

    init(_ bytes: UnsafeRawBufferPointer) {
        let known: [(FileKind, [UInt8])] = [
            (.npy, NPY.magic), (.npz, [0x50, 0x4B, 3, 4]), (.gzip, [0x1F, 0x8B]), (.idx, [0, 0, 8]),
            (.jpeg, [0xFF, 0xD8, 0xFF]), (.png, [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]),
        ]
        self = known.first { bytes.starts(with: $0.1) }?.0 ?? .other
    }

    var name: String {
        switch self {
        case .npy: "a .npy file"
        case .npz: "a .npz or zip file"
        case .gzip: "a gzip file"
        case .idx: "an idx file"
        case .jpeg: "a JPEG image"
        case .png: "a PNG image"
        case .other: "a file of unknown kind"
        }
    }
}
