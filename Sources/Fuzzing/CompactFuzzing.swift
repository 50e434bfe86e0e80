import CompactFormat
import Foundation
import GraphIR
import ONNXFormat
import Tensors

/// Compact model files: the frame, the index with checksums that are right again, and the sections.
package enum CompactFuzzing: FuzzTarget {
    package static let name = "compact"
    package static let fileEnding: String? = ".cnz"

    package static func seeds() throws(CNNOptError) -> [[UInt8]] {
        var result: [[UInt8]] = []
        for model in try SeedModels.all() + [everyCoding()] {
            let bytes = try ONNXWriter.bytes(of: model)
            for mixing in [true, false] { result.append(try packed(bytes, mixing: mixing)) }
        }
        return result
    }

    private static func packed(_ bytes: [UInt8], mixing: Bool) throws(CNNOptError) -> [UInt8] {
        let result = bytes.withUnsafeBytes { raw -> Result<CompactWriter.Packed, CNNOptError> in
            do throws(CNNOptError) { return .success(try CompactWriter.pack(raw, threads: 1, mixing: mixing)) } catch {
                return .failure(error)
            }
        }
        return Array(try result.get().chunks.joined())
    }

    /// Tensors that are coded in each way.
    private static func everyCoding() throws(CNNOptError) -> Model {
        var model = Model(graph: Graph(name: "codings"))
        model.irVersion = 8
        model.setOpset(13)
        var random = SeededGenerator(seed: 9)
        let noise = (0..<300).map { _ in Float(random.index(below: 20_001)) / 7_001 - 1 }
        let steps = (0..<200).map { _ in Float(random.index(below: 31) - 15) * 0.037 }
        let few = (0..<200).map { _ in [Float.pi, 1.5, -77.125][random.index(below: 3)] }
        let bytes = (0..<180).map { _ in Int8(random.index(below: 90) - 45) }
        let numbers = (0..<60).map { _ in Int64(random.index(below: 900) - 400) }
        // Steps along either axis, with shifts.
        func onGrid(_ place: Int, slice: Int, shift: Int) -> Float {
            let code = Int(noise[place] * 9) << shift
            return Float(Double(code) * exp2(Double(slice) / 4))
        }
        let rows = (0..<200).map { onGrid($0, slice: $0 / 20, shift: $0 % 20 % 3) }
        let columns = (0..<200).map { onGrid($0, slice: $0 / 4 % 5, shift: $0 % 4) }
        let tensors = [
            ("noise", noise), ("steps", steps), ("few", few), ("again", noise), ("rows", rows), ("columns", columns),
        ]
        for (name, values) in tensors {
            try model.graph.addInitializer(
                Constant(name: name, try TensorData(values, shape: [values.count / 20, 5, 2, 2]))
            )
        }
        try model.graph.addInitializer(try trellis(&random))
        try model.graph.addInitializer(Constant(name: "bytes", try TensorData(bytes, shape: [20, 9])))
        var typed = Constant(name: "numbers", try TensorData(numbers))
        typed.wireForm = .typed
        try model.graph.addInitializer(typed)
        return model
    }

    /// A tensor on a grid with a trellis, whose metadata say so.
    private static func trellis(_ random: inout SeededGenerator) throws(CNNOptError) -> Constant {
        let grid = UniformGrid(
            axis: 0,
            steps: (0..<10).map { Double(LogarithmicStep.step($0 - 20)) },
            shifts: (0..<20).map { UInt8($0 % 3) },
            rowLength: 20,
            isDependent: true
        )
        let numbers = (0..<200).map { _ in Int64(random.index(below: 15)) - 7 }
        var elements = [Float](repeating: 0, count: 200)
        elements.withUnsafeMutableBytes { memory in
            var state = DependentTrellis.start
            if let base = memory.baseAddress {
                grid.elements(numbers, first: 0, count: 200, state: &state, into: base)
            }
        }
        var constant = Constant(name: "trellis", try TensorData(elements, shape: [10, 5, 2, 2]))
        constant.encoding = .uniformGrid(grid)
        return constant
    }

    package static func mutated(_ seed: FuzzSeed, _ random: inout SeededGenerator) -> [UInt8] {
        let index = seed.bytes.withUnsafeBytes { bytes in try? CompactFile.index(bytes) }
        guard let (index, start) = index else { return ByteMutation.apply(to: seed.bytes, &random) }
        switch random.index(below: 4) {
        case 0: return ByteMutation.apply(to: seed.bytes, &random)
        case 1: return section(index, seed.bytes[start...], &random)
        default:
            guard let message = WireMessage(index.serialized()[...], depth: 0) else { return seed.bytes }
            let changed = WireMutation.apply(to: message, words: [], &random)
            return CompactFile.head(changed, mixing: false) + seed.bytes[start...]
        }
    }

    /// One section's bytes are changed, and its size and checksum said anew.
    private static func section(
        _ index: CompactIndex,
        _ body: ArraySlice<UInt8>,
        _ random: inout SeededGenerator
    ) -> [UInt8] {
        var index = index
        let chosen = random.index(below: index.sections.count)
        var result: [UInt8] = []
        var position = body.startIndex
        for number in index.sections.indices {
            let end = position + index.sections[number].byteCount
            var bytes = Array(body[position..<end])
            position = end
            if number == chosen {
                bytes = ByteMutation.apply(to: bytes, &random)
                index.sections[number].codedBytes = max(0, bytes.count - index.sections[number].rawBytes)
                index.sections[number].rawBytes = bytes.count - index.sections[number].codedBytes
                index.sections[number].checksum = bytes.withUnsafeBytes { ByteCoding.checksum($0) }
            }
            result += bytes
        }
        return CompactFile.head(index.serialized(), mixing: false) + result
    }

    package static func run(_ bytes: [UInt8], folder: String) throws(CNNOptError) {
        let storage = try TensorStorage.allocate(byteCount: bytes.count, zeroed: false)
        bytes.withUnsafeBytes { raw in
            if let base = raw.baseAddress { storage.base.copyMemory(from: base, byteCount: raw.count) }
        }
        let archive = try CompactArchive(storage)
        // Without the checksum of the whole: changed sections are to be decoded to their ends.
        _ = try archive.restore(threads: 1) { _ in true }
        for number in archive.index.payloads.indices { _ = try archive.payload(number) }
        _ = try archive.model(name: "model", threads: 1)
    }
}
