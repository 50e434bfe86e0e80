import Execution
import GraphIR
import Operators
import Tensors

/// A model of one node: inputs `x0`, `x1`… of the given tensors' types, outputs `y0`, `y1`….
package func singleNodeModel(
    _ type: String,
    inputs: [TensorData?],
    constants: Set<Int> = [],
    attributes: [Attribute] = [],
    outputCount: Int = 1,
    opset: Int = 17,
    domain: String? = nil
) throws(CNNOptError) -> Model {
    var graph = Graph(name: type)
    var ids: [ValueID?] = []
    for (port, tensor) in inputs.enumerated() {
        guard let tensor else {
            ids.append(nil)
            continue
        }
        let name = "x\(port)"
        if constants.contains(port) {
            try graph.addInitializer(Constant(name: name, tensor))
        } else {
            try graph.addInput(name, type: .tensor(TensorType(tensor.elementType, Shape(sizes: tensor.shape))))
        }
        ids.append(graph.internValue(name))
    }
    var outputs: [ValueID?] = []
    for port in 0..<outputCount {
        try graph.addOutput("y\(port)", type: nil)
        outputs.append(graph.internValue("y\(port)"))
    }
    try graph.addNode(Node(type, domain: domain, name: "node", inputs: ids, outputs: outputs, attributes: attributes))
    var model = Model(graph: graph)
    model.irVersion = 8
    model.setOpset(opset, domain: domain ?? "")
    return model
}

/// Runs one operator on tensors by plain loops and checks that the inferred types agree with what came out, and the fast back
/// end too.
package func runOperator(
    _ type: String,
    inputs: [TensorData?],
    constants: Set<Int> = [],
    attributes: [Attribute] = [],
    outputCount: Int = 1,
    opset: Int = 17,
    domain: String? = nil,
    threads: Int = 2
) throws(CNNOptError) -> [TensorData] {
    let model = try singleNodeModel(
        type,
        inputs: inputs,
        constants: constants,
        attributes: attributes,
        outputCount: outputCount,
        opset: opset,
        domain: domain
    )
    let facts = try GraphFacts(model)
    var feeds: [ValueID: TensorData] = [:]
    for (port, tensor) in inputs.enumerated() where !constants.contains(port) {
        if let tensor, let id = model.graph.value(named: "x\(port)") { feeds[id] = tensor }
    }
    let results = try ExecutionPlan(model, facts: facts).run(feeds, threads: threads)
    for (id, result) in zip(model.graph.outputs, results) { try facts.type(id).check(result) }
    try checkFastBackend(model, feeds, gives: results, threads: threads)
    return results
}
