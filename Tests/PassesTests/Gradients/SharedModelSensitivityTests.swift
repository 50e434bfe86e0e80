import Execution
import GraphIR
import ONNXFormat
import Operators
import Passes
import TestSupport
import Tensors
import Testing

/// All linear layers of real classifiers get sensitivities.
@Suite(.enabled(if: SharedMaterial.isPresent, "../shared is absent"))
struct SharedModelSensitivityTests {
    @Test(arguments: [
        "cifar10-resnet20.onnx", "imagenet-squeezenet11.onnx", "imagenet-fdmobilenet-05.onnx",
        "imagenet-mobilenetv1-025-keras-nhwc.onnx", "imagenet-mobilenetv2-10-nhwc.onnx",
    ])
    func allLinearLayersOfClassifiers(_ name: String) throws {
        let model = try ONNXReader.read(path: #require(SharedMaterial.path("models/\(name)")))
        let facts = try GraphFacts(model)
        var layers: [ValueID: Int] = [:]
        for id in model.graph.nodeIDs {
            guard let form = try facts.definition(id, model.graph)?.linearForm(facts.site(id, model.graph)),
                let output = model.graph[id].outputs.first ?? nil
            else { continue }
            layers[output] = form.outputChannelAxis
        }
        #expect(layers.count > 15)
        let feed = try #require(model.graph.feeds.first)
        let input = try #require(facts.type(feed).shape)
        let samples = SeededSamples(
            count: 2,
            inputs: [.init(elementType: .float32, shape: input.dropFirst().map { $0.size ?? 224 })],
            seed: 1
        )
        let found = try OutputSensitivity.measure(
            model,
            outputs: layers,
            samples: samples,
            count: 2,
            PassContext(threads: 2)
        )
        #expect(found.isClassifier)
        #expect(found.unmeasured.isEmpty && found.barriers.isEmpty)
        for (layer, axis) in layers {
            let channels = try #require(found.channels[layer])
            #expect(facts.type(layer).shape?[axis].size ?? channels.count == channels.count)
            #expect(channels.allSatisfy { $0.isFinite && $0 >= 0 })
            #expect(channels.reduce(0, +) > 0)
        }
    }
}
