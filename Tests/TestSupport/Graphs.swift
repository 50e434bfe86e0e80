import Execution
import GraphIR
import Operators
import Tensors

/// A graph for an attribute of a node.
package func subgraph(
    _ build: (inout ModelBuilder) throws(CNNOptError) -> Void
) throws(CNNOptError) -> Graph {
    var builder = ModelBuilder()
    try build(&builder)
    return builder.model.graph
}

/// A function of a model.
package func localFunction(
    _ name: String,
    inputs: [String],
    attributes: [String] = [],
    defaults: [Attribute] = [],
    opset: Int = 17,
    overload: String? = nil,
    domain: String? = "local",
    _ build: (inout ModelBuilder) throws(CNNOptError) -> Void
) throws(CNNOptError) -> Function {
    var builder = ModelBuilder()
    for input in inputs { try builder.parameter(input) }
    try build(&builder)
    var function = Function(body: builder.model.graph)
    function.name = name
    function.domain = domain
    function.overload = overload
    function.attributeNames = attributes
    function.attributeDefaults = defaults
    function.opsetImports = [Model.OpsetImport(domain: "", version: opset)]
    return function
}

extension Attribute {
    /// An attribute that holds a graph.
    package init(_ name: String, _ graph: Graph) { self.init(name, .graph(graph)) }

    /// A reference to an attribute of the enclosing function.
    package static func reference(_ name: String, to reference: String) -> Attribute {
        var attribute = Attribute(name, .opaque)
        attribute.reference = reference
        return attribute
    }
}

/// Runs a model on inputs by name by plain loops and checks that the inferred types of its outputs agree with what came out,
/// and the fast back end too.
package func runModel(_ model: Model, _ inputs: [String: TensorData] = [:]) throws(CNNOptError) -> [TensorData] {
    let facts = try GraphFacts(model)
    var feeds: [ValueID: TensorData] = [:]
    for (name, tensor) in inputs {
        guard let id = model.graph.value(named: name) else {
            throw CNNOptError(.usage, "the model has no value '\(name)'")
        }
        feeds[id] = tensor
    }
    let results = try ExecutionPlan(model, facts: facts).run(feeds, threads: 2)
    for (id, result) in zip(model.graph.outputs, results) { try facts.type(id).check(result) }
    try checkFastBackend(model, feeds, gives: results)
    return results
}

extension TensorType {
    /// - Throws: `internalFault` where a tensor is not of this type.
    package func check(_ tensor: TensorData) throws(CNNOptError) {
        let shapeFits = shape.map {
            $0.count == tensor.shape.count && zip($0, tensor.shape).allSatisfy { $0.size == nil || $0.size == $1 }
        }
        guard elementType ?? tensor.elementType == tensor.elementType, shapeFits ?? true else {
            throw CNNOptError(
                .internalFault,
                "inferred \(self), computed \(tensor.elementType.onnxName)\(tensor.shape)"
            )
        }
    }
}
