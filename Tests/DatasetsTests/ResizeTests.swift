import Datasets
import Tensors
import TestSupport
import Testing

@Suite struct ResizeTests {
    @Test(arguments: ["37x23", "16x16", "5x3", "1x1", "74x46", "50x9", "9x50", "37x11", "11x23", "36x22", "36x11"])
    func bytesEqualPillows(_ size: String) throws {
        let expected = try NPY.read(fixture("images/resize-\(size).npy"))
        let result = try prepared("resize.npy", "resize=\(size),dtype=uint8,layout=nhwc")
        #expect(result.isIdentical(to: try expected.reshaped([1] + expected.shape)))
    }

    @Test(arguments: ["16x16", "74x46", "5x3", "50x9", "36x11"])
    func floatsEqualPillows(_ size: String) throws {
        let expected = try NPY.read(fixture("images/resize-float-\(size).npy"))
        let result = try prepared("resize-float.npy", "resize=\(size),layout=nhwc")
        #expect(result.isIdentical(to: try expected.reshaped([1] + expected.shape)))
    }

    @Test func greyBytesEqualPillows() throws {
        let expected = try NPY.read(fixture("images/resize-grey.npy"))
        let result = try prepared("resize.npy", "channels=grey,dtype=uint8,layout=nhwc")
        #expect(result.isIdentical(to: try expected.reshaped([1] + expected.shape)))
    }

    /// The source is 37 wide and 23 high.
    @Test(arguments: [
        ("resize=46", [46, 74]), ("resize=23", [23, 37]), ("resize=10", [10, 16]), ("resize=5x7", [7, 5]),
        ("crop=11", [11, 11]), ("resize=46,crop=30x40", [40, 30]),
    ])
    func sizesFollow(_ text: String, _ expected: [Int]) throws {
        #expect(try prepared("resize.npy", text + ",layout=nhwc").shape == [1] + expected + [3])
    }

    @Test func theCropIsCentred() throws {
        let image = try TensorData((0..<42).map(UInt8.init), shape: [1, 1, 6, 7])
        func crop(_ text: String) throws -> [UInt8] {
            let settings = try Preprocess(parsing: "dtype=uint8,crop=\(text)")
            return try ImageDataset(images: image, preprocess: settings).batch(0..<1, threads: 1).array(of: UInt8.self)
        }
        #expect(try crop("3x2") == [16, 17, 18, 23, 24, 25])
        // Margins of 1.5 and 2.5 become 2, of 0.5 becomes 0.
        #expect(try crop("2x1") == [16, 17])
        #expect(try crop("4x5") == [2, 3, 4, 5, 9, 10, 11, 12, 16, 17, 18, 19, 23, 24, 25, 26, 30, 31, 32, 33])
    }

    @Test(arguments: ["crop=38x10", "crop=10x24", "resize=20,crop=24", "resize=60000x60000"])
    func impossibleSizesAreRefused(_ text: String) {
        let error = #expect(throws: CNNOptError.self) { try prepared("resize.npy", text) }
        #expect(error?.code == .invalidData)
    }

    private func prepared(_ name: String, _ text: String) throws -> TensorData {
        let image = try NPY.read(fixture("images/\(name)"))
        let settings = try Preprocess(parsing: text)
        return try ImageDataset(images: try image.reshaped([1] + image.shape), preprocess: settings).batch(
            0..<1,
            threads: 1
        )
    }
}
