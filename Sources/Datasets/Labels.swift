import Tensors

/// What a `--labels` file holds.
enum Labels {
    /// One label for each image, in the order of the images.
    case ordered([Int])
    /// Image names with their labels, in the order in which the images are used.
    case named([(name: String, label: Int)])

    /// Reads one array of integers (`.npy`, idx, either compressed by gzip, `.npz`), or lines of "filename label" where the
    /// name may hold spaces.
    /// - Parameter offset: is added to every label.
    /// - Throws: `invalidData` with the place of a label that is missing, no integer, or negative.
    init(_ path: String, offset: Int) throws(CNNOptError) {
        let place = ArrayFile.Place(path)
        do throws(CNNOptError) {
            let file = try MappedFile(place.path)
            let kind = try file.withBytes { (bytes) throws(CNNOptError) in FileKind(bytes) }
            switch kind {
            case .npy, .idx, .gzip, .npz:
                self = .ordered(try Self.list(try ArrayFile.labels(file, kind, member: place.member), offset))
            case .text:
                self = .named(try file.withBytes { (bytes) throws(CNNOptError) in try Self.fromText(bytes, offset) })
            case .jpeg, .png:
                throw CNNOptError(
                    .unsupported,
                    "labels in \(kind.name)",
                    remedy: "use integers in a .npy, .npz or idx file, or a text file with \"filename label\" lines"
                )
            }
        } catch {
            throw error.inFile(place.path)
        }
    }

    /// The labels in an array of integers, of which at most one axis is longer than 1.
    static func list(_ tensor: TensorData, _ offset: Int) throws(CNNOptError) -> [Int] {
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
