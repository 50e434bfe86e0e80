import Execution
import Foundation
import GraphIR
import ONNXFormat
import Operators
import TestSupport
import Tensors
import Testing

/// The operator cases of the ONNX project in `../shared/onnx-node-tests`. Every case whose operators are all registered has to
/// come out right, or be refused as unsupported by name.
@Suite struct ONNXCaseTests {
    @Test(
        .enabled(if: ONNXCase.arePresent, "../shared/onnx-node-tests is not there"),
        arguments: ONNXCase.registered,
        Backend.allCases
    )
    func outputsAgree(_ item: ONNXCase, _ backend: Backend) throws {
        do {
            try compare(item, backend)
        } catch let error as CNNOptError {
            guard error.code == .unsupported else { throw error }
            print("unsupported \(item.name): \(error)")
        }
    }

    private func compare(_ item: ONNXCase, _ backend: Backend) throws {
        let model = try ONNXReader.read(path: item.model)
        let engine = try Engine(model, backend: backend)
        for folder in item.dataFolders {
            var feeds: [ValueID: TensorData] = [:]
            for (port, id) in model.graph.inputs.enumerated() {
                let path = "\(folder)/input_\(port).pb"
                guard FileManager.default.fileExists(atPath: path) else { continue }
                feeds[id] = try TensorProtoFile.read(path: path).data
            }
            let results = try engine.run(feeds, threads: 2)
            for (port, result) in results.enumerated() {
                let wanted = try TensorProtoFile.read(path: "\(folder)/output_\(port).pb").data
                #expect(result.elementType == wanted.elementType)
                #expect(result.shape == wanted.shape)
                guard result.shape == wanted.shape, result.elementType == wanted.elementType else { continue }
                let isRight = try agree(result, wanted)
                #expect(isRight, "output \(port) differs")
            }
        }
    }

    @Test(.enabled(if: ONNXCase.arePresent, "../shared/onnx-node-tests is not there"))
    func countOfCasesWhoseOperatorsAreUnknown() throws {
        let (all, known) = (ONNXCase.all, ONNXCase.registered)
        var missing: [String: Int] = [:]
        for item in all { for name in item.unknownOperators { missing[name, default: 0] += 1 } }
        let list = missing.keys.sorted().map { name in "\(name) \(missing[name] ?? 0)" }
        print("\(known.count) of \(all.count) ONNX cases run; unknown operators: \(list.joined(separator: ", "))")
        #expect(!known.isEmpty)
    }

    /// Whole numbers, truth values and strings exactly, the others within the tolerance of their width.
    private func agree(_ a: TensorData, _ b: TensorData) throws -> Bool {
        switch a.elementType {
        case .float32, .float64, .float16, .bfloat16:
            let relative: Double = a.elementType.bitWidth < 32 ? 1e-2 : 1e-3
            let (x, y) = (try a.doubles(), try b.doubles())
            for i in x.indices where x[i] != y[i] && !(x[i].isNaN && y[i].isNaN) {
                let tolerance: Double = relative * abs(y[i]) + relative * 1e-2
                guard abs(x[i] - y[i]) <= tolerance else { return false }
            }
            return true
        case .bool: return try a.doubles() == b.doubles()
        default: return a.isIdentical(to: b)
        }
    }
}

/// One case: a model and folders of inputs and outputs.
struct ONNXCase: Sendable, CustomTestStringConvertible {
    let name: String
    let folder: String
    /// Operators that the registry does not have, or what else keeps the case from being run.
    let unknownOperators: Set<String>

    var model: String { "\(folder)/model.onnx" }
    var testDescription: String { name }

    var dataFolders: [String] {
        Self.entries(folder).filter { $0.hasPrefix("test_data_set_") }.map { "\(folder)/\($0)" }
    }

    static var arePresent: Bool { SharedMaterial.path("onnx-node-tests") != nil }

    static let all: [ONNXCase] = {
        guard let root = SharedMaterial.path("onnx-node-tests") else { return [] }
        return entries(root).flatMap { group in
            entries("\(root)/\(group)").compactMap { name in
                let folder = "\(root)/\(group)/\(name)"
                guard FileManager.default.fileExists(atPath: "\(folder)/model.onnx") else { return nil }
                return ONNXCase(name: "\(group)/\(name)", folder: folder, unknownOperators: unknown(folder))
            }
        }
    }()

    static let registered = all.filter { $0.unknownOperators.isEmpty }

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
