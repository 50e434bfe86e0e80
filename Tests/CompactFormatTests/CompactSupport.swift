import CompactFormat
import Foundation
import TestSupport
import Tensors
import Testing

/// Packs bytes and gives the whole file.
func pack(_ bytes: [UInt8], threads: Int = 1, mixing: Bool = true) throws -> [UInt8] {
    Array(try bytes.withUnsafeBytes { try CompactWriter.pack($0, threads: threads, mixing: mixing) }.chunks.joined())
}

/// Opens a compact file that lies in memory.
func open(_ bytes: [UInt8]) throws -> CompactArchive {
    let storage = try TensorStorage.allocate(byteCount: bytes.count)
    bytes.withUnsafeBytes { raw in
        if let base = raw.baseAddress { storage.base.copyMemory(from: base, byteCount: raw.count) }
    }
    return try CompactArchive(storage)
}

func restore(_ bytes: [UInt8], threads: Int = 1) throws -> [UInt8] {
    try open(bytes).restore(threads: threads).array
}

extension TensorStorage {
    var array: [UInt8] { Array(UnsafeRawBufferPointer(start: base, count: byteCount)) }
}

/// A model around the fields of a graph.
func model(_ build: (inout Wire) -> Void) -> [UInt8] {
    Wire { model in
        model.int(1, 8)
        model.message(7, build)
        model.message(8) { $0.int(2, 13) }
    }.bytes
}

/// A model of one initialiser with raw data.
func model(_ dims: [Int], _ type: ElementType, _ data: [UInt8]) -> [UInt8] {
    model { graph in
        graph.message(
            5,
            Wire.tensor(dims.map(Int64.init), Int64(type.rawValue)) {
                $0.text(8, "w")
                $0.data(9, data)
            }
        )
    }
}

func bytes<T>(_ values: [T]) -> [UInt8] { values.withUnsafeBytes(Array.init) }

/// Numbers of a bell-shaped distribution.
func bell(_ count: Int, seed: UInt64 = 1) -> [Float] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in
        (0..<6).reduce(Float(0)) { sum, _ in sum + Float(random.index(below: 1 << 24)) / Float(1 << 23) - 1 } * 0.05
    }
}

/// Expects an error of a kind whose text contains a word.
func expectError(
    _ code: CNNOptError.Code,
    _ word: String = "",
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
) {
    do {
        try body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    } catch let error as CNNOptError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        #expect(word.isEmpty || error.description.contains(word), "\(error)", sourceLocation: sourceLocation)
    } catch {
        Issue.record("\(error)", sourceLocation: sourceLocation)
    }
}
