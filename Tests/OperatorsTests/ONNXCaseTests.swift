import Execution
import Foundation
import GraphIR
import ONNXFormat
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
            let results = try engine.run(try ONNXCase.feeds(folder, model.graph), threads: 2)
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
