import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct ImageDatasetTests {
    /// Six grey images of 1x1 pixel whose value is their index.
    private func six(labels: [Int]? = nil) throws -> ImageDataset {
        try ImageDataset(images: TensorData((0..<6).map(UInt8.init), shape: [6, 1, 1]), labels: labels)
    }

    private func values(_ dataset: ImageDataset) throws -> [Float] {
        try dataset.batch(0..<dataset.count, threads: 2).array(of: Float.self)
    }

    @Test func splitsAndSubsetsKeepImagesAndLabelsTogether() throws {
        let all = try six(labels: [10, 11, 12, 13, 14, 15])
        let (first, rest) = all.split(at: 2)
        #expect(try values(first) == [0, 1])
        #expect(rest.labels == [12, 13, 14, 15])
        let picked = try rest.subset([3, 0])
        #expect(try values(picked) == [5, 2])
        #expect(picked.labels == [15, 12])
        #expect(all.split(at: 99).first.count == 6)
        #expect(all.split(at: -1).first.count == 0)
        #expect(throws: CNNOptError.self) { try all.subset([6]) }
        #expect(throws: CNNOptError.self) { try all.batch(4..<7, threads: 1) }
        #expect(try all.batch(2..<2, threads: 1).shape == [0, 1, 1, 1])
    }

    @Test func shufflesDependOnTheSeedAlone() throws {
        let all = try six(labels: [0, 1, 2, 3, 4, 5])
        let one = all.shuffled(seed: 1)
        #expect(try values(one) == values(all.shuffled(seed: 1)))
        #expect(one.labels?.map(Float.init) == (try values(one)))
        #expect((0..<20).contains { (try? values(all.shuffled(seed: $0))) != (try? values(one)) })
    }

    @Test func samplesAreTheFirstOfAShuffle() throws {
        try withTemporaryFolder { folder in
            let path = folder.appendingPathComponent("x.npy").path
            try NPY.write(TensorData((0..<100).map(UInt8.init), shape: [100, 1, 1, 1]), to: path)
            let all = try ImageDataset.open(data: path).shuffled(seed: 7)
            let some = try ImageDataset.open(data: path, samples: 10, seed: 7)
            #expect(try values(some) == Array(values(all)[..<10]))
            #expect(try ImageDataset.open(data: path, samples: 1_000).count == 100)
            let error = #expect(throws: CNNOptError.self) { try ImageDataset.open(data: path, samples: 0) }
            #expect(error?.code == .usage)
        }
    }

    @Test func theNumberOfThreadsChangesNothing() throws {
        let images = try TensorData((0..<7 * 3 * 20 * 16).map { UInt8($0 % 251) }, shape: [7, 3, 20, 16])
        let settings = try Preprocess(parsing: "resize=9x11,crop=8,scale=1/255,mean=0.5")
        let dataset = try ImageDataset(images: images, preprocess: settings)
        let one = try dataset.batch(0..<7, threads: 1)
        #expect(one.shape == [7, 3, 8, 8])
        for threads in [2, 3, 16] { #expect(try dataset.batch(0..<7, threads: threads).isIdentical(to: one)) }
        let parts = try (0..<7).flatMap { try dataset.batch($0..<$0 + 1, threads: 1).array(of: Float.self) }
        #expect(try one.array(of: Float.self) == parts)
    }

    @Test(arguments: [
        ([2, 4, 5], [1, 4, 5]), ([2, 3, 4, 5], [3, 4, 5]), ([2, 4, 5, 3], [3, 4, 5]), ([2, 5, 4, 5], [5, 4, 5]),
    ])
    func arraysOfThreeAndFourAxesAreImages(_ shape: [Int], _ sample: [Int]) throws {
        for type in [ElementType.uint8, .float32] {
            #expect(try ImageDataset(images: TensorData(zeros: type, shape: shape)).sampleShape == sample)
        }
    }

    @Test(arguments: [[2], [2, 3], [1, 2, 3, 4, 5], [0, 3, 4, 4], [2, 0, 4, 4], [2, 3, 0, 4]])
    func otherShapesAreRefused(_ shape: [Int]) {
        let error = #expect(throws: CNNOptError.self) {
            try ImageDataset(images: TensorData(zeros: .uint8, shape: shape))
        }
        #expect(error?.code == .invalidData)
    }

    @Test(arguments: [(ElementType.int64, "int64"), (.int4, "int4"), (.complex64, "complex64"), (.string, "string")])
    func otherElementTypesAreNamed(_ type: ElementType, _ name: String) {
        let error = #expect(throws: CNNOptError.self) {
            try ImageDataset(images: TensorData(zeros: type, shape: [1, 2, 2])).batch(0..<1, threads: 1)
        }
        #expect(error?.code == .unsupported)
        #expect(error?.description == "images of type \(name); store them as uint8 pixels or as float32")
    }

    // Fitting a network's input.

    private func pictures(_ text: String = "", channels: Int = 3) throws -> ImageDataset {
        try ImageDataset(
            images: TensorData(zeros: .uint8, shape: [2, channels, 8, 6]),
            preprocess: Preprocess(parsing: text)
        )
    }

    @Test func theInputDecidesWhatIsLeftOpen() throws {
        let first = try pictures().fitted(toInput: "x", shape: [nil, 3, 8, 6], elementType: .float32)
        #expect(first.preprocess.layout == .nchw)
        #expect(first.sampleShape == [3, 8, 6])
        let last = try pictures().fitted(toInput: "x", shape: [1, nil, nil, 3], elementType: .float16)
        #expect(last.sampleShape == [8, 6, 3])
        #expect(try last.batch(0..<2, threads: 1).elementType == .float16)
        let grey = try pictures().fitted(toInput: "x", shape: [nil, 1, 8, 6], elementType: .float32)
        #expect(grey.sampleShape == [1, 8, 6])
        let stored = try pictures("channels=rgb", channels: 1)
            .fitted(toInput: "x", shape: [nil, 8, 6, 1], elementType: .float32)
        #expect(stored.sampleShape == [8, 6, 1])
        let shifted = try pictures("add=-128").fitted(toInput: "x", shape: [nil, 3, 8, 6], elementType: .int8)
        #expect(try shifted.batch(0..<1, threads: 1).array(of: Int8.self).allSatisfy { $0 == -128 })
    }

    @Test func misfitsSayWhatToAdd() throws {
        func failure(_ text: String, _ shape: [Int?], _ type: ElementType = .float32) -> CNNOptError? {
            #expect(throws: CNNOptError.self) {
                try pictures(text).fitted(toInput: "x", shape: shape, elementType: type)
            }
        }
        #expect(failure("", [nil, 3, 224, 200])?.remedy?.contains("resize=200x224") == true)
        #expect(failure("layout=nhwc", [nil, 3, 8, 6])?.remedy?.contains("layout=") == true)
        #expect(failure("channels=grey", [nil, 3, 8, 6])?.remedy?.contains("channels=") == true)
        #expect(failure("", [nil, 3, 8, 6], .int8)?.remedy?.contains("add=-128") == true)
        #expect(failure("dtype=uint8", [nil, 3, 8, 6])?.code == .usage)
        #expect(failure("", [nil, 10])?.code == .unsupported)
        #expect(failure("", [nil, 3, 8, 6], .int64)?.code == .unsupported)
    }

    @Test(.enabled(if: SharedMaterial.isPresent, "../shared is absent"))
    func sharedArraysOpenWithTheirLabels() throws {
        let folder = try #require(SharedMaterial.path("data/cifar10/test"))
        let settings = try Preprocess(parsing: "scale=1/255,mean=0.485:0.456:0.406,std=0.229:0.224:0.225")
        let dataset = try ImageDataset.open(
            data: folder + "/images.npy",
            labels: folder + "/labels.npy",
            preprocess: settings
        )
        #expect(dataset.description == "test/images.npy: 2000 images of 3×32×32, labelled")
        #expect(dataset.labels.map(Set.init) == Set(0..<10))
        let pixels = try NPY.read(folder + "/images.npy").array(of: UInt8.self)
        let last = try dataset.batch(1_999..<2_000, threads: 1).array(of: Float.self)
        let green = pixels[1_999 * 3_072 + 1_024]
        #expect(last[1_024] == (Float(green) / 255 - 0.456) / 0.224)
    }
}
