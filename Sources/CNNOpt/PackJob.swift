import CompactFormat
import Foundation
import Tensors

/// Packs a model file into a compact one, and restores it.
public enum PackJob {
    /// Packs an ONNX model file. ``unpack(_:to:threads:)`` gives the same bytes again.
    /// - Parameter threads: how many threads code at once; the result does not depend on it.
    /// - Throws: `usage` where an extension is wrong, `invalidModel` where the input is no ONNX model, `unsupported` where its
    ///   tensors are in other files.
    public static func pack(_ input: String, to output: String, threads: Int) throws(CNNOptError) -> PackResult {
        try check(input, is: .onnx)
        try check(output, is: .compact)
        let file = try MappedFile(input)
        _ = try AtomicFile(output)
        do throws(CNNOptError) {
            let clock = ContinuousClock()
            let start = clock.now
            let packed = try file.withBytes { (bytes) throws(CNNOptError) in
                try CompactWriter.pack(bytes, threads: threads)
            }
            let effort = CodingEffort(packed.index, clock.now - start, threads: threads)
            try packed.write(to: output)
            return PackResult(input, output, packed, effort)
        } catch {
            throw error.inFile(input)
        }
    }

    /// Restores the model file that was packed.
    /// - Throws: `usage` where an extension is wrong, `invalidModel` naming the section where the compact file is broken.
    public static func unpack(_ input: String, to output: String, threads: Int) throws(CNNOptError) -> UnpackResult {
        try check(input, is: .compact)
        try check(output, is: .onnx)
        let archive = try CompactArchive(path: input)
        _ = try AtomicFile(output)
        let clock = ContinuousClock()
        let start = clock.now
        let model = try archive.restored(input, threads: threads)
        let effort = CodingEffort(archive.index, clock.now - start, threads: threads)
        var file = try AtomicFile(output)
        try file.write(UnsafeRawBufferPointer(start: model.base, count: model.byteCount))
        try file.commit()
        return UnpackResult(input: input, output: output, modelBytes: model.byteCount, effort: effort)
    }

    private static func check(_ path: String, is format: ModelFile.Format) throws(CNNOptError) {
        guard try ModelFile.format(path) == format else {
            throw CNNOptError(
                .usage,
                format == .onnx ? "an ONNX model file is wanted here" : "a compact file is wanted here",
                remedy: "pack takes a .onnx or .pb file and writes a .cnz file; unpack does the reverse"
            )
            .inFile(path)
        }
    }
}

/// What coding took, files apart.
public struct CodingEffort: Sendable {
    /// Numbers that were coded.
    public var numbers: Int
    public var seconds: Double
    public var threads: Int

    init(_ index: CompactIndex, _ duration: Duration, threads: Int) {
        numbers = index.sections.reduce(0) { $0 + ($1.method.isOfNumbers ? $1.decoded : 0) }
        seconds = duration / .seconds(1)
        self.threads = threads
    }
}

/// What came of packing a model file.
public struct PackResult: Sendable, Encodable {
    /// Sections of one kind.
    public struct Part: Sendable, Encodable {
        /// `index`, `skeleton`, `floats`, `integers`, `bytes`, `copies`, `grid texts`.
        public var kind: String
        public var sections: Int
        public var tensors: Int
        /// In the model file; null for the index, which is not in it.
        public var modelBytes: Int?
        public var compactBytes: Int
    }

    public var input: String
    public var output: String
    public var modelBytes: Int
    public var compactBytes: Int
    /// Compact bytes as a fraction of the model's.
    public var ratio: Double
    public var parts: [Part]
    /// Not in the JSON document, which is the same for the same model.
    public var effort: CodingEffort

    private enum CodingKeys: String, CodingKey { case input, output, modelBytes, compactBytes, ratio, parts }

    init(_ input: String, _ output: String, _ packed: CompactWriter.Packed, _ effort: CodingEffort) {
        self.effort = effort
        self.input = input
        self.output = output
        let index = packed.index
        modelBytes = index.modelBytes
        compactBytes = packed.byteCount
        ratio = Double(compactBytes) / Double(max(modelBytes, 1))
        parts = [
            Part(kind: "index", sections: 0, tensors: 0, modelBytes: nil, compactBytes: packed.chunks[0].count),
            Part(
                kind: "skeleton",
                sections: 1,
                tensors: 0,
                modelBytes: index.sections[0].decoded,
                compactBytes: index.sections[0].byteCount
            ),
        ]
        for kind in ["floats", "integers", "bytes", "copies", "grid texts"] {
            let payloads = index.payloads.filter { Self.kind($0) == kind }
            guard !payloads.isEmpty else { continue }
            let sections = Set(
                payloads.filter(\.isCoded).flatMap { Array($0.section..<$0.section + $0.sectionCount) }
            )
            parts.append(
                Part(
                    kind: kind,
                    sections: sections.count,
                    tensors: payloads.count,
                    modelBytes: payloads.reduce(0) { $0 + $1.byteCount },
                    compactBytes: sections.reduce(0) { $0 + index.sections[$1].byteCount }
                )
            )
        }
    }

    private static func kind(_ payload: CompactIndex.Payload) -> String {
        switch payload.coding {
        case .floats: "floats"
        case .integers, .grid, .table: "integers"
        case .bytes: "bytes"
        case .copy: "copies"
        case .gridText: "grid texts"
        }
    }
}

/// What came of restoring a model file.
public struct UnpackResult: Sendable, Encodable {
    public var input: String
    public var output: String
    public var modelBytes: Int
    /// Not in the JSON document.
    public var effort: CodingEffort

    private enum CodingKeys: String, CodingKey { case input, output, modelBytes }
}
