import Execution
import Foundation
import GraphIR
import Operators
import Passes
import TestSupport
import Tensors
import Testing

/// Sensitivities of small networks against all gradients of their losses, by differences in double precision.
@Suite struct OutputSensitivityTests {
    enum Ending: String, CaseIterable, Sendable { case logits, softmax, reshapedSoftmax, logSoftmax, ownSoftmax }

    /// x → convolution → y → Relu, global average, Gemm → scores.
    /// - Parameter isWhole: whether the model begins at x, else at y.
    private func classifier(_ type: ElementType, _ ending: Ending, isWhole: Bool = true, batch: Int? = nil) throws
        -> Model
    {
        var builder = ModelBuilder(opset: 13)
        if isWhole {
            try builder.input("x", [batch, 2, 5, 5], type)
            try builder.constant("w", try TensorData.random([3, 2, 3, 3], seed: 3, in: -2...2).cast(to: type))
            try builder.node("Conv", ["x", "w"], ["y"])
        } else {
            try builder.input("y", [1, 3, 3, 3], type)
        }
        try builder.constant("v", try TensorData.random([4, 3], seed: 4, in: -3...3).cast(to: type))
        try builder.node("Relu", ["y"], ["a"])
        try builder.node("GlobalAveragePool", ["a"], ["b"])
        try builder.node("Flatten", ["b"], ["c"])
        try builder.node("Gemm", ["c", "v"], ["d"], [Attribute("transB", 1)])
        switch ending {
        case .logits: try builder.node("Identity", ["d"], ["out"])
        case .softmax: try builder.node("Softmax", ["d"], ["out"], [Attribute("axis", 1)])
        case .reshapedSoftmax:
            try builder.node("Softmax", ["d"], ["e"], [Attribute("axis", 1)])
            try builder.constant("target", try .integers([-1, 1, 4]))
            try builder.node("Reshape", ["e", "target"], ["out"])
        case .logSoftmax: try builder.node("LogSoftmax", ["d"], ["out"], [Attribute("axis", 1)])
        case .ownSoftmax:
            try builder.node("Exp", ["d"], ["e"])
            try builder.constant("axes", try .integers([1]))
            try builder.node("ReduceSum", ["e", "axes"], ["f"])
            try builder.node("Div", ["e", "f"], ["out"])
        }
        try builder.output("out", type)
        return builder.model
    }

    private func value(_ model: Model, _ name: String) throws -> ValueID {
        try #require(model.graph.value(named: name))
    }

    private func samples(_ count: Int) throws -> TensorData { try .random([count, 2, 5, 5], seed: 9, in: -2...2) }

    /// For each sample and class, the class's probability and the squared gradients of its logarithm by channel.
    private func fisher(_ samples: TensorData) throws -> [Double] {
        let whole = try classifier(.float64, .logSoftmax)
        let tail = try classifier(.float64, .logSoftmax, isWhole: false)
        let (x, y, z) = (try value(whole, "x"), try value(tail, "y"), try value(tail, "out"))
        let feeds = [x: try samples.cast(to: .float64)]
        let targets = try ["y", "out"].map { try value(whole, $0) }
        let results = try ExecutionPlan(whole, facts: GraphFacts(whole), targets: targets).run(feeds, threads: 1)
        let (hidden, scores) = (try results[0].doubles(), try results[1].doubles())
        var sums = [0.0, 0, 0]
        for sample in 0..<samples.shape[0] {
            let inner = try TensorData(Array(hidden[sample * 27..<(sample + 1) * 27]), shape: [1, 3, 3, 3])
            for label in 0..<4 {
                let seed = try TensorData((0..<4).map { $0 == label ? 1.0 : 0 }, shape: [1, 4])
                let gradient = try differences(tail, [y: inner], [z: seed], of: y)
                for (place, number) in gradient.enumerated() {
                    sums[place / 9] += exp(scores[sample * 4 + label]) * number * number
                }
            }
        }
        return sums.map { $0 / Double(samples.shape[0]) }
    }

    @Test(arguments: Ending.allCases)
    func classifiersGetTheFisherInformation(_ ending: Ending) throws {
        let model = try classifier(.float32, ending)
        let y = try value(model, "y")
        let inputs = try samples(3)
        let found = try OutputSensitivity.measure(
            model,
            outputs: [y: 1],
            samples: PreparedSamples(inputs),
            count: 100,
            PassContext(seed: 5, threads: 2),
            draws: 2_000
        )
        #expect(found.isClassifier && found.samples == 3 && found.unmeasured.isEmpty)
        let channels = try #require(found.channels[y])
        // 6000 draws: a standard error of about one percent.
        #expect(relativeError(channels, try fisher(inputs)) < 0.06)
    }

    @Test(arguments: [(nil, 1), (nil, 2), (nil, 3), (1, 2)], [Backend.onednn, .reference])
    func batchesDoNotMatter(_ form: (batch: Int?, threads: Int), _ backend: Backend) throws {
        func measured(_ batch: Int?, _ threads: Int, _ backend: Backend) throws -> ([Double], [Double]) {
            let model = try classifier(.float32, .softmax, batch: batch)
            let y = try value(model, "y")
            let found = try OutputSensitivity.measure(
                model,
                outputs: [y: 1],
                samples: PreparedSamples(samples(5)),
                count: 5,
                PassContext(seed: 1, threads: threads, backend: backend)
            )
            // The squares are made of what is alike at all nine positions and of the rest.
            let parts = zip(try #require(found.between[y]), try #require(found.within[y]))
            return (try #require(found.channels[y]), parts.map { $0 / 9 + $1 })
        }
        let expected = try measured(nil, 1, .reference)
        let found = try measured(form.batch, form.threads, backend)
        #expect(relativeError(found.0, expected.0) < 1e-5)
        #expect(relativeError(found.1, found.0) < 1e-5)
    }

    /// x → y = convolution → two outputs: sigmoid(y), and a product of it.
    private func detector(_ type: ElementType, isWhole: Bool = true) throws -> Model {
        var builder = ModelBuilder(opset: 13)
        if isWhole {
            try builder.input("x", [nil, 2, 5, 5], type)
            try builder.constant("w", try TensorData.random([3, 2, 3, 3], seed: 3, in: -2...2).cast(to: type))
            try builder.node("Conv", ["x", "w"], ["y"])
        } else {
            try builder.input("y", [1, 3, 3, 3], type)
        }
        try builder.node("Sigmoid", ["y"], ["s"])
        try builder.constant("v", try TensorData.random([2, 3, 1, 1], seed: 4, in: -3...3).cast(to: type))
        try builder.node("Conv", ["y", "v"], ["t"])
        try builder.output("s", type)
        try builder.output("t", type)
        return builder.model
    }

    @Test func otherModelsAreMeasuredByAllOutputsInTheirOwnUnits() throws {
        let model = try detector(.float32)
        let (whole, tail) = (try detector(.float64), try detector(.float64, isWhole: false))
        let inputs = try samples(3)
        let x = try value(whole, "x")
        let targets = try ["y", "s", "t"].map { try value(whole, $0) }
        let results = try ExecutionPlan(whole, facts: GraphFacts(whole), targets: targets)
            .run([x: try inputs.cast(to: .float64)], threads: 1)
        var expected = [0.0, 0, 0]
        let total = results[1...].reduce(0) { $0 + $1.count / 3 }
        let y = try value(tail, "y")
        let hidden = try results[0].doubles()
        for (name, output) in zip(["s", "t"], results[1...]) {
            let numbers = try output.doubles()
            let mean = numbers.reduce(0, +) / Double(numbers.count)
            let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(numbers.count)
            let shape = [1] + output.shape.dropFirst()
            let size = numbers.count / 3
            for sample in 0..<3 {
                let inner = try TensorData(Array(hidden[sample * 27..<(sample + 1) * 27]), shape: [1, 3, 3, 3])
                for element in 0..<size {
                    let seed = try TensorData((0..<size).map { $0 == element ? 1.0 : 0 }, shape: shape)
                    let gradient = try differences(tail, [y: inner], [try value(tail, name): seed], of: y)
                    for (place, number) in gradient.enumerated() {
                        // Both outputs count alike.
                        expected[place / 9] += number * number / variance / 3 * Double(total) / Double(2 * size)
                    }
                }
            }
        }
        let found = try OutputSensitivity.measure(
            model,
            outputs: [try value(model, "y"): 1],
            samples: PreparedSamples(inputs),
            count: 3,
            PassContext(seed: 2, threads: 2),
            draws: 1_000
        )
        #expect(!found.isClassifier)
        let channels = try #require(found.channels[try value(model, "y")])
        #expect(relativeError(channels, expected) < 0.06)
    }

    /// A detector's first output may have the shape of class scores, but says little of the other layers.
    @Test func modelsWithMoreOutputsAreNoClassifiers() throws {
        var builder = ModelBuilder(opset: 18)
        try builder.input("x", [1, 4])
        try builder.node("Exp", ["x"], ["scores"])
        try builder.node("Exp", ["x"], ["boxes"])
        try builder.output("scores", .float32)
        try builder.output("boxes", .float32)
        let model = builder.model
        let boxes = try value(model, "boxes")
        let found = try OutputSensitivity.measure(
            model,
            outputs: [boxes: 1],
            samples: PreparedSamples(.random([3, 4], seed: 1)),
            count: 3,
            PassContext()
        )
        #expect(!found.isClassifier && found.unmeasured.isEmpty)
    }

    @Test func layersBehindBarriersAreNamed() throws {
        var builder = ModelBuilder(opset: 18)
        try builder.input("x", [nil, 4])
        try builder.node("Relu", ["x"], ["a"])
        try builder.node("Round", ["a"], ["b"])
        try builder.node("Exp", ["b"], ["y"])
        try builder.node("Exp", ["x"], ["elsewhere"])
        try builder.output("y", .float32)
        let model = builder.model
        let ids = try ["a", "b", "elsewhere"].map { try value(model, $0) }
        let found = try OutputSensitivity.measure(
            model,
            outputs: [ids[0]: 1, ids[1]: 1, ids[2]: 1],
            samples: PreparedSamples(.random([3, 4], seed: 1)),
            count: 3,
            PassContext()
        )
        #expect(found.unmeasured == [ids[0], ids[2]].sorted())
        #expect(found.barriers.map(\.operatorName) == ["Round"])
        #expect(found.channels[ids[1]]?.count == 4)
    }
}
