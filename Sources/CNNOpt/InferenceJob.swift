import Datasets
import Execution
import Foundation
import GraphIR
import ONNXFormat
import Tensors

/// `cnnopt run`: one inference on tensors from files.
public struct InferenceJob: Sendable {
    /// How outputs are written.
    public enum OutputFormat: String, Sendable, CaseIterable {
        /// NumPy arrays.
        case npy
        /// Serialised TensorProto, which holds every element type.
        case pb
    }

    public var model: String
    /// `path` or `name=path`, a `.npy` or `.pb` file for each input.
    public var inputs: [String]
    public var outputFolder: String
    public var outputFormat = OutputFormat.npy
    public var options = RunOptions()

    public init(model: String, inputs: [String], outputFolder: String) {
        self.model = model
        self.inputs = inputs
        self.outputFolder = outputFolder
    }

    /// What one output became.
    public struct Output: Sendable, Encodable {
        public var name: String
        public var elementType: String
        public var shape: [Int]
        public var file: String
    }

    /// Runs the model once and writes its outputs; the folder is made where it is missing.
    public func run() throws(CNNOptError) -> [Output] {
        var loaded = try ModelFile.read(model, threads: options.threads)
            .fixing(inputShapes: options.inputShapes, batch: options.batch)
        do {
            let feeds = try readInputs(&loaded)
            let engine = try Engine(loaded, backend: options.backend)
            let results = try engine.run(feeds, threads: options.threads)
            return try write(results, engine.outputs.map(\.name))
        } catch {
            // Files that the message names already are the more precise place.
            throw error.location.file == nil ? error.inFile(model) : error
        }
    }

    private func readInputs(_ loaded: inout Model) throws(CNNOptError) -> [ValueID: TensorData] {
        let graph = loaded.graph
        let names = graph.feeds.map { graph[$0].name }
        var feeds: [ValueID: TensorData] = [:]
        for (index, entry) in inputs.enumerated() {
            // A name may hold '=', so the longest known name in front of one counts.
            let named = graph.inputs.map { graph[$0].name }.filter { entry.hasPrefix($0 + "=") }.max {
                $0.count < $1.count
            }
            let name: String
            let path: String
            if let named {
                (name, path) = (named, String(entry.dropFirst(named.count + 1)))
            } else if entry.contains("="), !FileManager.default.fileExists(atPath: entry) {
                throw CNNOptError(
                    .usage,
                    "--input \(entry): the model has no such input",
                    remedy: "its inputs are: \(names.joined(separator: ", "))"
                )
            } else if names.indices.contains(index) {
                (name, path) = (names[index], entry)
            } else {
                throw CNNOptError(.usage, "\(inputs.count) inputs were given, but the model takes \(names.count)")
            }
            guard let id = graph.value(named: name) else { continue }
            guard feeds[id] == nil else { throw CNNOptError(.usage, "input '\(name)' is given twice") }
            feeds[id] = try Self.readTensor(path)
        }
        if let missing = graph.feeds.first(where: { feeds[$0] == nil }) {
            throw CNNOptError(
                .usage,
                "input '\(graph[missing].name)' is not given",
                remedy: "add --input \(graph[missing].name)=file.npy"
            )
        }
        // An input with a default in the file gives way to what the caller feeds.
        let overridden = feeds.keys.filter { graph[$0].constant != nil }.sorted()
        if !overridden.isEmpty {
            var patch = Patch(graph, author: "run")
            for id in overridden { patch.removeConstant(id) }
            try loaded.graph.apply(patch)
        }
        return feeds
    }

    private static func readTensor(_ path: String) throws(CNNOptError) -> TensorData {
        switch URL(fileURLWithPath: path).pathExtension.lowercased() {
        case "npy": return try NPY.read(path)
        case "pb": return try TensorProtoFile.read(path: path).data
        default: throw CNNOptError(.usage, "an input is a .npy or a .pb file").inFile(path)
        }
    }

    private func write(_ results: [TensorData], _ names: [String]) throws(CNNOptError) -> [Output] {
        do {
            try FileManager.default.createDirectory(atPath: outputFolder, withIntermediateDirectories: true)
        } catch {
            throw CNNOptError(.cannotCreateOutput, "the folder cannot be made: \(error.localizedDescription)").inFile(
                outputFolder
            )
        }
        var written: [Output] = []
        for ((name, stem), tensor) in zip(zip(names, Self.fileNames(names)), results) {
            let file = URL(fileURLWithPath: outputFolder).appendingPathComponent("\(stem).\(outputFormat.rawValue)")
                .path
            switch outputFormat {
            case .npy: try NPY.write(tensor, to: file)
            case .pb: try TensorProtoFile.write(Constant(name: name, tensor), to: file)
            }
            written.append(
                Output(name: name, elementType: tensor.elementType.onnxName, shape: tensor.shape, file: file)
            )
        }
        return written
    }

    /// File names for outputs. Where two names become one, the later gets a number, so that no output is lost.
    static func fileNames(_ names: [String]) -> [String] {
        var taken: Set<String> = []
        return names.map { name in
            let stem = fileName(name)
            var candidate = stem
            var number = 2
            while !taken.insert(candidate).inserted {
                candidate = "\(stem)_\(number)"
                number += 1
            }
            return candidate
        }
    }

    /// The output's name with characters other than letters, digits, `.`, `_` and `-` replaced by `_`.
    static func fileName(_ name: String) -> String {
        String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) ? $0 : "_" })
    }
}
