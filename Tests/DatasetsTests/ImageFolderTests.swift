import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct ImageFolderTests {
    /// Runs with a folder of copies of one image, each of another kind or colour, under the given relative names.
    private func withFolder<R>(_ names: [String], _ body: (URL) throws -> R) throws -> R {
        try withTemporaryFolder { folder in
            for (index, name) in names.enumerated() {
                let target = folder.appendingPathComponent(name)
                try FileManager.default.createDirectory(
                    at: target.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                if ["jpg", "jpeg", "png"].contains(target.pathExtension.lowercased()) {
                    let kinds = ["jpeg-420.jpg", "png-rgb.png", "jpeg-grey.jpg", "png-grey.png"]
                    try FileManager.default.copyItem(atPath: fixture("images/\(kinds[index % 4])"), toPath: target.path)
                } else {
                    try Data("no image".utf8).write(to: target)
                }
            }
            return try body(folder)
        }
    }

    private func firstPixels(_ dataset: ImageDataset) throws -> [Float] {
        try (0..<dataset.count).map { try dataset.batch($0..<$0 + 1, threads: 1).array(of: Float.self)[5] }
    }

    private func write(_ text: String, _ folder: URL, _ name: String = "labels.txt") throws -> String {
        let path = folder.appendingPathComponent(name)
        try Data(text.utf8).write(to: path)
        return path.path
    }

    @Test func flatFoldersGiveSortedImages() throws {
        // By bytes capitals come first; the ending does not tell the kind.
        try withFolder(["b.jpg", "a.JPEG", "Z.png", "readme.md", ".hidden.png"]) { folder in
            let dataset = try ImageDataset.open(data: folder.path)
            #expect(dataset.count == 3)
            #expect(dataset.labels == nil)
            let listed = try write("Z.png 0\na.JPEG 0\nb.jpg 0\n", folder)
            #expect(try firstPixels(dataset) == firstPixels(ImageDataset.open(data: folder.path, labels: listed)))
        }
    }

    @Test(arguments: ["", "images/"])
    func labelLinesChooseAndOrderTheFiles(_ place: String) throws {
        try withFolder(["\(place)a.jpg", "\(place)b c.png", "\(place)d.jpg"]) { folder in
            let labels = try write("b c.png   7\r\n\n  a.jpg\t2 \n", folder)
            let dataset = try ImageDataset.open(data: folder.path, labels: labels, labelOffset: 1)
            #expect(dataset.labels == [8, 3])
            let turned = try ImageDataset.open(
                data: folder.path,
                labels: write("a.jpg 2\nb c.png 7", folder, "two.txt")
            )
            #expect(try firstPixels(dataset) == firstPixels(turned).reversed())
            #expect(Set(try firstPixels(dataset)).count == 2)
        }
    }

    @Test func filesOfSubfoldersCanBeNamed() throws {
        try withFolder(["x/a.jpg", "y/a.png"]) { folder in
            let labels = try write("y/a.png 4\n", folder)
            #expect(try ImageDataset.open(data: folder.path, labels: labels).labels == [4])
        }
    }

    @Test func classFoldersAreLabels() throws {
        try withFolder(["cat/1.jpg", "ant/2.png", "ant/1.png", "dog/9.jpg", "notes.txt"]) { folder in
            let dataset = try ImageDataset.open(data: folder.path, labelOffset: 1)
            #expect(dataset.labels == [1, 1, 2, 3])
            let list = folder.appendingPathComponent("labels.npy").path
            try NPY.write(TensorData([5, 6, 7, 8] as [Int64]), to: list)
            #expect(try ImageDataset.open(data: folder.path, labels: list).labels == [5, 6, 7, 8])
            let negative = #expect(throws: CNNOptError.self) {
                try ImageDataset.open(data: folder.path, labelOffset: -1)
            }
            #expect(negative?.code == .usage)
        }
    }

    @Test func classFoldersPassOverWhatIsHiddenAndMindNoCase() throws {
        let names = [
            "Zoo/1.JPG", "Zoo/2.Jpeg", "ant/1.PNG", "ant/.hidden.png", "ant/._1.PNG", "ant/deeper/3.png",
            "ant/notes.txt",
            ".git/1.png", "notes.png.txt",
        ]
        try withFolder(names) { folder in
            let dataset = try ImageDataset.open(data: folder.path)
            // By bytes capitals come first.
            #expect(dataset.labels == [0, 0, 1])
        }
    }

    @Test func imagesThatLieTooDeepAreNotFound() throws {
        try withFolder(["train/cat/1.png", "test/cat/1.png"]) { folder in
            let error = #expect(throws: CNNOptError.self) { try ImageDataset.open(data: folder.path) }
            #expect(
                error?.description
                    == "\(folder.path): its class sub-folder 'test' holds no JPEG or PNG files; every sub-folder of --data is "
                    + "one class, with the images right in it"
            )
        }
    }

    /// One pixel, and sides that differ by a factor of 3,000.
    @Test func imagesOfExtremeSizesAreResized() throws {
        try withTemporaryFolder { folder in
            for name in ["jpeg-1x1.jpg", "png-1x1.png", "jpeg-long.jpg", "png-long.png"] {
                try FileManager.default.copyItem(
                    atPath: fixture("images/\(name)"),
                    toPath: folder.appendingPathComponent(name).path
                )
            }
            let dataset = try ImageDataset.open(data: folder.path, preprocess: Preprocess(parsing: "resize=32,crop=16"))
            let batch = try dataset.batch(0..<4, threads: 2)
            #expect(batch.shape == [4, 3, 16, 16])
            // A single pixel stays one colour.
            let first = try batch.array(of: Float.self)[..<768]
            #expect(Set(first).count <= 3)
            let error = #expect(throws: CNNOptError.self) {
                try ImageDataset.open(data: folder.path, preprocess: Preprocess(parsing: "resize=65536,crop=16"))
                    .batch(1..<2, threads: 1)
            }
            #expect(error?.description.contains("an image of 65536x65536 pixels; 1 to 134217728 are allowed") == true)
        }
    }

    @Test func aLoneImagesFolderHasNoClasses() throws {
        try withFolder(["images/1.jpg", "labels.txt"]) { folder in
            let dataset = try ImageDataset.open(data: folder.path)
            #expect(dataset.labels == nil)
        }
    }

    @Test(arguments: [
        ("a.jpg 1\nnone.jpg 2\n", CNNOptError.Code.missingInput, "none.jpg"),
        ("a.jpg 1\nb.png -2\n", .invalidData, "line 2"), ("a.jpg\n", .invalidData, "line 1"),
        ("a.jpg 1.5\n", .invalidData, "1.5"),
        ("\n\na.jpg x\n", .invalidData, "line 3"), ("7\n", .invalidData, "line 1"),
        ("../a.jpg 1\n", .invalidData, "outside"),
        ("/a.jpg 1\n", .invalidData, "outside"), ("a.jpg 99999999999999999999\n", .invalidData, "line 1"),
        ("", .invalidData, "no images"),
        ("a.jpg 9223372036854775807\n", .invalidData, "line 1"),
    ])
    func wrongLabelLinesAreNamed(_ text: String, _ code: CNNOptError.Code, _ part: String) throws {
        try withFolder(["a.jpg", "b.png"]) { folder in
            let labels = try write(text, folder)
            let error = #expect(throws: CNNOptError.self) {
                try ImageDataset.open(data: folder.path, labels: labels, labelOffset: 1)
            }
            #expect(error?.code == code)
            #expect(error?.description.contains(part) == true, "\(String(describing: error))")
        }
    }

    @Test func wrongLabelArraysAreNamed() throws {
        try withFolder(["a.jpg", "b.png"]) { folder in
            let path = folder.appendingPathComponent("labels.npy").path
            func failure(_ labels: TensorData, offset: Int = 0) throws -> String {
                try NPY.write(labels, to: path)
                let error = #expect(throws: CNNOptError.self) {
                    try ImageDataset.open(data: folder.path, labels: path, labelOffset: offset)
                }
                #expect(error?.code == .invalidData)
                #expect(error?.location.file == path)
                return error?.message ?? ""
            }
            #expect(try failure(TensorData([1, 2, 3] as [Int64])).contains("3 labels for the 2 images"))
            #expect(try failure(TensorData([1, -2] as [Int64])).contains("label 1 is -2"))
            #expect(try failure(TensorData([0, 1] as [UInt8]), offset: -1).contains("offset -1"))
            #expect(try failure(TensorData([0, 1] as [Float])).contains("float"))
            #expect(try failure(TensorData([0, 1, 2, 3] as [Int64], shape: [2, 2])).contains("[2, 2]"))
            #expect(try failure(TensorData([UInt64.max, 1])).contains("uint64"))
            try NPY.write(TensorData([3, 4] as [Int32], shape: [2, 1]), to: path)
            #expect(try ImageDataset.open(data: folder.path, labels: path).labels == [3, 4])
        }
    }

    @Test func labelLinesDoNotSuitAnArray() throws {
        try withTemporaryFolder { folder in
            let data = folder.appendingPathComponent("x.npy").path
            try NPY.write(TensorData(zeros: .uint8, shape: [1, 2, 2]), to: data)
            let labels = try write("a.jpg 1\n", folder)
            let error = #expect(throws: CNNOptError.self) { try ImageDataset.open(data: data, labels: labels) }
            #expect(error?.code == .invalidData)
            #expect(error?.location.file == labels)
        }
    }

    @Test func foldersWithoutImagesAreRefused() throws {
        try withFolder(["notes.txt"]) { folder in
            let error = #expect(throws: CNNOptError.self) { try ImageDataset.open(data: folder.path) }
            #expect(error?.code == .invalidData)
        }
        try withFolder(["a/1.jpg", "b/notes.txt"]) { folder in
            let error = #expect(throws: CNNOptError.self) { try ImageDataset.open(data: folder.path) }
            #expect(error?.message.contains("'b'") == true)
        }
    }

    @Test func absentPathsAreMissingInput() throws {
        try withFolder(["a.jpg"]) { folder in
            let none = folder.appendingPathComponent("none").path
            for (data, labels) in [(none, nil), (folder.path, none)] {
                let error = #expect(throws: CNNOptError.self) { try ImageDataset.open(data: data, labels: labels) }
                #expect(error?.code == .missingInput)
                #expect(error?.location.file == none)
            }
        }
    }

    @Test func imagesOfOtherSizesAreNamed() throws {
        try withFolder(["a.jpg"]) { folder in
            let other = folder.appendingPathComponent("b.png").path
            try FileManager.default.copyItem(atPath: fixture("images/png-gamma.png"), toPath: other)
            let dataset = try ImageDataset.open(data: folder.path)
            let error = #expect(throws: CNNOptError.self) { try dataset.batch(0..<2, threads: 2) }
            #expect(error?.code == .invalidData)
            #expect(
                error?.description
                    == "\(other): the image ends with 13x9 pixels, others with 45x31; bring all to one size: --preprocess "
                    + "resize=…,crop=…"
            )
            let cropped = try ImageDataset.open(data: folder.path, preprocess: Preprocess(parsing: "resize=9,crop=8"))
            #expect(try cropped.batch(0..<2, threads: 2).shape == [2, 3, 8, 8])
            let same = try ImageDataset.open(data: folder.path, preprocess: Preprocess(parsing: "resize=8x8"))
            #expect(try same.batch(0..<2, threads: 2).shape == [2, 3, 8, 8])
        }
    }

    @Test func theFirstDamagedFileIsNamedWhateverTheThreads() throws {
        try withFolder(["a.jpg", "b.jpg", "c.jpg", "d.jpg"]) { folder in
            let dataset = try ImageDataset.open(data: folder.path)
            for name in ["b.jpg", "d.jpg"] { try Data("broken".utf8).write(to: folder.appendingPathComponent(name)) }
            for threads in [1, 2, 4] {
                let error = #expect(throws: CNNOptError.self) { try dataset.batch(0..<4, threads: threads) }
                #expect(error?.location.file?.hasSuffix("b.jpg") == true)
            }
        }
    }
}
