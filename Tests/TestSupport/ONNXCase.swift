import Foundation
import GraphIR
import ONNXFormat
import Operators
import Tensors
import Testing

/// One case: a model and folders of inputs and outputs.
package struct ONNXCase: Sendable, CustomTestStringConvertible {
    package let name: String
    package let folder: String
    /// Operators that the registry does not have, or what else keeps the case from being run.
    package let unknownOperators: Set<String>

    package var model: String { "\(folder)/model.onnx" }
    package var testDescription: String { name }

    package var dataFolders: [String] {
        Self.entries(folder).filter { $0.hasPrefix("test_data_set_") }.map { "\(folder)/\($0)" }
    }

    package static var arePresent: Bool { SharedMaterial.path("onnx-node-tests") != nil }

    package static let all: [ONNXCase] = {
        guard let root = SharedMaterial.path("onnx-node-tests") else { return [] }
        return entries(root).flatMap { group in
            entries("\(root)/\(group)").compactMap { name in
                let folder = "\(root)/\(group)/\(name)"
                guard FileManager.default.fileExists(atPath: "\(folder)/model.onnx") else { return nil }
                return ONNXCase(name: "\(group)/\(name)", folder: folder, unknownOperators: unknown(folder))
            }
        }
    }()

    package static let registered = all.filter { $0.unknownOperators.isEmpty }

    /// The inputs in a data folder, by the values of the case's graph.
    package static func feeds(_ folder: String, _ graph: Graph) throws(CNNOptError) -> [ValueID: TensorData] {
        var feeds: [ValueID: TensorData] = [:]
        for (port, id) in graph.inputs.enumerated() {
            let path = "\(folder)/input_\(port).pb"
            guard FileManager.default.fileExists(atPath: path) else { continue }
            feeds[id] = try TensorProtoFile.read(path: path).data
        }
        return feeds
    }

    private static func entries(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    /// The case is still run where its model cannot be read: that is for the test to say.
    private static func unknown(_ folder: String) -> Set<String> {
        guard let graph = try? ONNXReader.read(path: "\(folder)/model.onnx").graph else { return [] }
        var missing = unknown(graph)
        for id in graph.inputs + graph.outputs where graph[id].type.map({ $0.tensor == nil }) ?? false {
            missing.insert("(sequences and optionals)")
        }
        return missing
    }

    private static func unknown(_ graph: Graph) -> Set<String> {
        var missing: Set<String> = []
        for id in graph.nodeIDs {
            let node = graph[id]
            if OperatorRegistry.standard[node.operatorName] == nil { missing.insert(node.operatorName.description) }
            for inner in node.subgraphs { missing.formUnion(unknown(inner)) }
        }
        return missing
    }
}
