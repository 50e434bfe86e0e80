import Execution
import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

/// Models whose outputs are one call on x.
protocol LocalFunctionSuite {}

extension LocalFunctionSuite {
    var x: [Float] { [-2, 3] }

    /// `y` = one call on x.
    func model(
        _ functions: [Function],
        call: String = "f",
        inputs: [String] = ["x"],
        outputs: [String] = ["y"],
        attributes: [Attribute] = [],
        domain: String? = "local",
        opset: Int = 17
    ) throws -> Model {
        var builder = ModelBuilder(opset: opset)
        try builder.input("x", [2])
        try builder.node(call, inputs, outputs, attributes, domain: domain)
        for output in outputs { try builder.output(output) }
        var model = builder.model
        model.functions = functions
        return model
    }

    func run(_ model: Model) throws -> [Float] {
        try runModel(model, ["x": TensorData(x)])[0].array(of: Float.self)
    }
}
