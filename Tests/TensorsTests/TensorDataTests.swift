import Tensors
import Testing

@Suite struct TensorDataTests {
    @Test func writingACopyLeavesTheOriginal() throws {
        let original = try TensorData([1, 2, 3] as [Float])
        var copy = original
        try copy.withMutableElements(Float.self) { $0[0] = 9 }
        #expect(try original.array(of: Float.self) == [1, 2, 3])
        #expect(try copy.array(of: Float.self) == [9, 2, 3])
    }

    @Test(arguments: [[-1], [Int.max, 2], [1 << 40, 1 << 40]])
    func hostileDimensionsAreRefused(_ shape: [Int]) {
        #expect(throws: CNNOptError.self) { try TensorData(zeros: .float32, shape: shape) }
    }

    @Test func zeroSizedTensorsHaveNoElements() throws {
        let empty = try TensorData(zeros: .float32, shape: [0, Int.max, 3])
        #expect(empty.count == 0)
        #expect(try empty.array(of: Float.self).isEmpty)
    }

    @Test func readingAsAnotherTypeThrows() throws {
        let tensor = try TensorData([1, 2] as [Int32])
        #expect(throws: CNNOptError.self) { try tensor.array(of: Float.self) }
        #expect(tensor.integers() == [1, 2])
        #expect(try tensor.doubles() == [1, 2])
    }

    @Test func numbersOfEveryWidthBecomeDoubles() throws {
        #expect(try TensorData([1, 2] as [UInt64]).doubles() == [1, 2])
        #expect(try TensorData([-1, 2] as [Float16]).doubles() == [-1, 2])
        #expect(try TensorData([-1, 2] as [Int8]).doubles() == [-1, 2])
    }

    @Test func fourBitTensorsArePackedTwoToAByte() throws {
        #expect(try TensorData(zeros: .int4, shape: [5]).byteCount == 3)
    }

    @Test func misalignedStorageIsCopied() throws {
        let storage = try TensorStorage.allocate(byteCount: 9)
        storage.base.storeBytes(of: 1.5, toByteOffset: 1, as: Float.self)
        let slice = try #require(storage.slice(offset: 1, byteCount: 8))
        let tensor = try TensorData(elementType: .float32, shape: [2], storage: slice)
        #expect(try tensor.array(of: Float.self) == [1.5, 0])
    }

    @Test(arguments: [(1.0, 1.0), (1.00390625, 1.0), (1.01171875, 1.015625)] as [(Float, Float)])
    func bfloat16RoundsToNearestEven(_ value: Float, _ rounded: Float) {
        #expect(BFloat16(value).float == rounded)
    }

    @Test func parallelForCoversEveryIndexOnce() throws {
        var seen = [Int32](repeating: 0, count: 1_000)
        seen.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            let shared = SharedPointer(base)
            parallelFor(1_000, threads: 3) { range in for index in range { shared.base[index] += 1 } }
        }
        #expect(seen.allSatisfy { $0 == 1 })
    }

    @Test func errorsPrintOnOneLine() {
        let error = CNNOptError(.invalidModel, "bad\nthing", remedy: "export it again").inFile("m.onnx").atNode(
            "c",
            operatorName: "Conv"
        )
        #expect(
            error.description == "m.onnx: node 'c' (Conv): bad\\u{000A}thing; export it again"
                || !error.description.contains("\n")
        )
    }
}
