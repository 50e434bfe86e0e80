import Execution
import GraphIR
import Operators
import Passes
import TestSupport
import Tensors
import Testing

/// Every operator in random small forms of old operator sets: brought to a later set it computes the same, or the upgrade
/// says that it cannot be.
@Suite struct UpgradeEquivalenceTests {
    static let names = OperatorRegistry.standard.operators.values
        .filter {
            $0.schema.name.domain.isEmpty && !$0.traits.contains(.isImpure)
                && $0.schema.versions.contains { $0 <= 11 }
        }
        .map { $0.schema.name.type }.sorted()

    private static let intNames = [
        "axis", "keepdims", "broadcast", "k", "ceil_mode", "count_include_pad", "transA", "transB", "group",
    ]
    private static let listNames = [
        "axes", "kernel_shape", "strides", "pads", "split", "starts", "ends", "repeats", "perm",
    ]
    private static let realNames = ["min", "max", "alpha", "beta", "ratio", "value"]

    private func attributes(_ random: inout SeededGenerator) -> [Attribute] {
        var result: [Attribute] = []
        for name in Self.intNames where random.next() % 4 == 0 {
            result.append(Attribute(name, random.index(below: 4) - 1))
        }
        for name in Self.listNames where random.next() % 4 == 0 {
            let count = [1, 1, 2, 2, 3, 4, 6, 8][random.index(below: 8)]
            var list: [Int] = []
            for _ in 0..<count { list.append(random.index(below: 3)) }
            result.append(Attribute(name, list))
        }
        for name in Self.realNames where random.next() % 4 == 0 {
            result.append(Attribute(name, Float(random.uniform() * 2 - 1)))
        }
        if random.next() % 4 == 0 {
            result.append(
                Attribute("mode", ["constant", "edge", "reflect", "nearest", "linear"][random.index(below: 5)])
            )
        }
        return result
    }

    private func tensor(_ type: ElementType, _ rank: Int, _ random: inout SeededGenerator) throws -> TensorData {
        var shape: [Int] = []
        for _ in 0..<rank { shape.append([1, 2, 2, 3][random.index(below: 4)]) }
        return try numbers(type, shape, &random)
    }

    private func numbers(_ type: ElementType, _ shape: [Int], _ random: inout SeededGenerator) throws -> TensorData {
        var values: [Double] = []
        for _ in 0..<shape.reduce(1, *) {
            values.append(type.isFloat ? random.uniform() * 4 - 2 : Double(random.index(below: 3)))
        }
        return try TensorData(doubles: values, as: type, shape: shape)
    }

    @Test(arguments: names)
    func computesTheSame(_ type: String) throws {
        let definition = try #require(OperatorRegistry.standard[OperatorName(type)])
        var random = SeededGenerator(seed: type.utf8.reduce(11) { $0 &* 31 &+ UInt64($1) })
        let takesBool = definition is any LogicalOperator.Type
        for trial in 0..<Self.trials {
            let target = [13, 18, 21][random.index(below: 3)]
            guard let old = try model(definition.schema, takesBool, &random), let before = outcome(old) else {
                continue
            }
            guard let later = try upgraded(old, to: target) else { continue }
            let after = outcome(later)
            #expect(agree(before, after), "trial \(trial), to \(target): \(text(old))")
        }
    }

    private static let trials = 200

    /// A model of one node; nil where the operator set does not have the operator.
    private func model(_ schema: OperatorSchema, _ takesBool: Bool, _ random: inout SeededGenerator) throws -> Model? {
        let opset = [6, 7, 8, 9, 10, 11, 12][random.index(below: 7)]
        guard schema.versions.contains(where: { $0 <= opset }) else { return nil }
        let rank = 1 + random.index(below: 4)
        let main: ElementType = takesBool ? .bool : [.float32, .float32, .int64][random.index(below: 3)]
        let fewest = schema.inputs.lowerBound
        let most = min(schema.inputs.upperBound, fewest + 2)
        let count = max(1, fewest + random.index(below: most - fewest + 1))
        var inputs: [TensorData?] = []
        for port in 0..<count {
            if port > 0, random.next() % 3 == 0 {
                inputs.append(try tensor(.int64, 1, &random))
            } else {
                inputs.append(try tensor(main, port == 0 ? rank : 1 + random.index(below: rank), &random))
            }
        }
        let constants = Set(inputs.indices.filter { $0 > 0 && random.next() % 2 == 0 })
        return try? singleNodeModel(
            schema.name.type,
            inputs: inputs,
            constants: constants,
            attributes: attributes(&random),
            outputCount: max(1, schema.outputs.lowerBound),
            opset: opset
        )
    }

    /// What the model computes of numbers that depend on its inputs' types alone; nil where it does not run.
    private func outcome(_ model: Model) -> [TensorData]? {
        var feeds: [ValueID: TensorData] = [:]
        for id in model.graph.feeds {
            guard let type = model.graph[id].type?.tensor, let sizes = type.sizes, let element = type.elementType else {
                return nil
            }
            var random = SeededGenerator(seed: 5)
            feeds[id] = try? numbers(element, sizes, &random)
        }
        return try? ExecutionPlan(model).run(feeds, threads: 1)
    }

    private func upgraded(_ model: Model, to target: Int) throws -> Model? {
        var later = model
        do {
            _ = try OpsetUpgrade.upgrade(&later, to: target)
        } catch {
            #expect(error.code == .unsupported, "\(error)")
            return nil
        }
        return later
    }

    private func agree(_ before: [TensorData], _ after: [TensorData]?) -> Bool {
        guard let after, before.count == after.count else { return false }
        return zip(before, after).allSatisfy { agree($0, $1) }
    }

    private func agree(_ a: TensorData, _ b: TensorData) -> Bool {
        if a.isIdentical(to: b) { return true }
        guard a.elementType == b.elementType, a.shape == b.shape, let x = try? a.doubles(), let y = try? b.doubles()
        else { return false }
        return zip(x, y).allSatisfy { p, q in (p.isNaN && q.isNaN) || p == q || abs(p - q) <= 1e-5 * max(1, abs(p)) }
    }

    /// The node, for messages.
    private func text(_ model: Model) -> String {
        var result = "operator set \(model.opset() ?? 0)"
        for id in model.graph.nodeIDs {
            let node = model.graph[id]
            for attribute in node.attributes { result += " \(attribute.name)=\(attribute.value)" }
            for case let input? in node.inputs {
                let value = model.graph[input]
                let type =
                    value.type?.tensor?.description
                    ?? "\(value.constant?.data.elementType.onnxName ?? "")\(value.constant?.data.shape ?? [])"
                result += " \(type)"
            }
        }
        return result
    }
}
