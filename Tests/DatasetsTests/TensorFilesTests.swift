import Datasets
import Foundation
import ONNXFormat
import Tensors
import TestSupport
import Testing

@Suite struct TensorFilesTests {
    private static let reader: TensorReader = { (path) throws(CNNOptError) in try TensorProtoFile.read(path: path).data
    }

    private func withTensors<R>(_ tensors: [(name: String, data: TensorData)], _ body: (URL) throws -> R) throws -> R {
        try withTemporaryFolder { folder in
            for (name, data) in tensors {
                try TensorProtoFile.write(.init(name: "x", data), to: folder.appendingPathComponent(name).path)
            }
            return try body(folder)
        }
    }

    private func floats(_ range: Range<Int>, _ shape: [Int]) throws -> TensorData {
        try TensorData(range.map(Float.init), shape: shape)
    }

    @Test func filesOfSamplesAndBatchesAreStackedByName() throws {
        let tensors = [
            ("input_2.pb", try floats(24..<36, [3, 2, 2])), ("input_10.PB", try floats(0..<24, [2, 3, 2, 2])),
            (".hidden.pb", try floats(0..<1, [1])),
        ]
        try withTensors(tensors) { folder in
            try Data("notes".utf8).write(to: folder.appendingPathComponent("notes.txt"))
            let dataset = try ImageDataset.open(data: folder.path, readTensor: Self.reader)
            #expect(dataset.count == 3)
            #expect(dataset.sampleShape == [3, 2, 2])
            let all = try dataset.batch(0..<3, threads: 2)
            #expect(try all.array(of: Float.self) == (0..<36).map(Float.init))
            let labels = folder.appendingPathComponent("labels.npy").path
            try NPY.write(TensorData([5, 6, 7] as [Int64]), to: labels)
            let labelled = try ImageDataset.open(data: folder.path, labels: labels, readTensor: Self.reader)
            #expect(labelled.labels == [5, 6, 7])
        }
    }

    @Test func labelLinesChooseTensorFiles() throws {
        let tensors = [("a.pb", try floats(0..<4, [1, 2, 2])), ("b.pb", try floats(4..<8, [1, 2, 2]))]
        try withTensors(tensors) { folder in
            let labels = folder.appendingPathComponent("labels.txt")
            try Data("b.pb 3\na.pb 1\n".utf8).write(to: labels)
            let dataset = try ImageDataset.open(data: folder.path, labels: labels.path, readTensor: Self.reader)
            #expect(dataset.labels == [3, 1])
            #expect(try dataset.batch(0..<2, threads: 1).array(of: Float.self) == [4, 5, 6, 7, 0, 1, 2, 3])
        }
    }

    @Test func preprocessingAppliesAsToArrays() throws {
        try withTensors([("a.pb", try TensorData([0, 51, 102, 255] as [UInt8], shape: [1, 2, 2]))]) { folder in
            let settings = try Preprocess(parsing: "scale=1/255")
            let dataset = try ImageDataset.open(data: folder.path, preprocess: settings, readTensor: Self.reader)
            #expect(try dataset.batch(0..<1, threads: 1).array(of: Float.self) == [0, 0.2, 0.4, 1])
        }
    }

    /// Every failure in full; `#` stands for the folder.
    @Test(
        arguments: [
            (
                [[1, 2, 2], [1, 2, 3]], true, 65,
                "#b.pb: its samples are float of shape [1, 2, 3], those before it float of shape [1, 2, 2]"
            ),
            (
                [[2, 2]], true, 65,
                "#a.pb: a sample has the shape C,H,W and a batch of them N,C,H,W, but this tensor has [2, 2]"
            ),
            ([[0, 1, 2, 2]], true, 65, "#: there are no images"),
            ([[1, 0, 2, 2]], true, 65, "#: shape [1, 0, 2, 2] has no channels"),
            ([[1, 2, 2]], false, 69, "TensorProto files cannot be read here"),
            ([], true, 65, "#: the folder holds no JPEG, PNG or TensorProto (.pb) files"),
        ] as [([[Int]], Bool, Int32, String)]
    )
    func failuresSayWhatIsWrong(_ shapes: [[Int]], _ hasReader: Bool, _ status: Int32, _ message: String) throws {
        let tensors = try zip(["a.pb", "b.pb"], shapes).map { name, shape in
            (name, try TensorData(zeros: .float32, shape: shape))
        }
        try withTensors(tensors) { folder in
            let error = #expect(throws: CNNOptError.self) {
                try ImageDataset.open(data: folder.path, readTensor: hasReader ? Self.reader : nil)
            }
            #expect(error?.exitStatus == status)
            let text = error?.description.replacingOccurrences(of: folder.path + "/", with: "#")
            #expect(text?.replacingOccurrences(of: folder.path, with: "#") == message)
        }
    }

    @Test func aFileThatIsNoTensorIsNamed() throws {
        try withTensors([("a.pb", try floats(0..<4, [1, 2, 2]))]) { folder in
            let other = folder.appendingPathComponent("b.pb")
            try Data("no tensor at all".utf8).write(to: other)
            let error = #expect(throws: CNNOptError.self) {
                try ImageDataset.open(data: folder.path, readTensor: Self.reader)
            }
            #expect(error?.code == .invalidData)
            #expect(error?.location.file == other.path)
        }
    }

    // Element types that are fed as they are.

    @Test(arguments: [ElementType.int8, .int32, .int64, .float64, .bool, .uint16, .bfloat16])
    func samplesOfTheInputsOwnTypeAreFedAsTheyAre(_ type: ElementType) throws {
        let stored = try TensorData(doubles: (0..<24).map { Double($0 % 2) }, as: type, shape: [2, 3, 2, 2])
        try withTensors([("a.pb", stored)]) { folder in
            let dataset = try ImageDataset.open(data: folder.path, readTensor: Self.reader)
                .fitted(toInput: "x", shape: [nil, 3, 2, 2], elementType: type)
            #expect(dataset.elementType == type)
            #expect(try dataset.batch(0..<2, threads: 2).isIdentical(to: stored))
            let turned = try dataset.subset([1, 0]).batch(0..<1, threads: 1)
            #expect(try turned.doubles() == (12..<24).map { Double($0 % 2) })
        }
    }

    @Test(
        arguments: [
            (
                "", [nil, 3, 2, 2], ElementType.float32, 69,
                "images of type int8, but input 'x' takes float; store them as uint8 pixels, as float32, or in the input's own type"
            ),
            (
                "resize=4", [nil, 3, 2, 2], .int8, 64,
                "--preprocess: samples of type int8 can only be fed as they are; leave it out, or store them as uint8 pixels or as "
                    + "float32"
            ),
            (
                "dtype=float32", [nil, 3, 2, 2], .int8, 64,
                "--preprocess: samples of type int8 can only be fed as they are; leave it out, or store them as uint8 pixels or as "
                    + "float32"
            ),
            (
                "dtype=int8", [nil, 2, 2, 3], .int8, 64,
                "input 'x' takes [N,2,2,3], but the samples have the shape [1, 3, 2, 2]; samples of type int8 can only be fed as "
                    + "they are"
            ),
        ] as [(String, [Int?], ElementType, Int32, String)]
    )
    func samplesThatCannotBePreparedSaySo(
        _ text: String,
        _ shape: [Int?],
        _ type: ElementType,
        _ status: Int32,
        _ message: String
    ) throws {
        let dataset = try ImageDataset(
            images: TensorData(zeros: .int8, shape: [1, 3, 2, 2]),
            preprocess: Preprocess(parsing: text)
        )
        let error = #expect(throws: CNNOptError.self) {
            try dataset.fitted(toInput: "x", shape: shape, elementType: type)
        }
        #expect(error?.exitStatus == status)
        #expect(error?.description == message)
    }

    @Test func greySamplesOfThreeAxesGetTheInputsFourth() throws {
        let stored = try TensorData((0..<8).map(Int8.init), shape: [2, 2, 2])
        for shape in [[nil, 1, 2, 2], [nil, 2, 2, 1]] as [[Int?]] {
            let dataset = try ImageDataset(images: stored).fitted(toInput: "x", shape: shape, elementType: .int8)
            #expect(dataset.sampleShape == shape.compactMap { $0 })
            #expect(try dataset.batch(0..<2, threads: 1).array(of: Int8.self) == (0..<8).map(Int8.init))
        }
    }

    @Test(arguments: [ElementType.float16, .float64, .bfloat16])
    func floatsOfOtherWidthsArePrepared(_ type: ElementType) throws {
        let stored = try TensorData(doubles: [0, 2, 4, 8, 16, 32], as: type, shape: [1, 3, 2, 1])
        let dataset = try ImageDataset(images: stored, preprocess: Preprocess(parsing: "scale=1/2"))
        let fitted = try dataset.fitted(toInput: "x", shape: [nil, 2, 1, 3], elementType: .float32)
        #expect(try fitted.batch(0..<1, threads: 1).array(of: Float.self) == [0, 2, 8, 1, 4, 16])
    }
}
