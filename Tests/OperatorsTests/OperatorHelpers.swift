import GraphIR
import Operators
import TestSupport
import Tensors

/// Uniform floats in [−1, 1).
func randomTensor(_ shape: [Int], _ random: inout SeededGenerator) throws(CNNOptError) -> TensorData {
    let count = shape.reduce(1, *)
    var elements: [Float] = []
    for _ in 0..<count { elements.append(Float(2 * random.uniform() - 1)) }
    return try TensorData(elements, shape: shape)
}

/// The largest difference between elements of two tensors of one shape.
func largestDifference(_ a: TensorData, _ b: TensorData) throws(CNNOptError) -> Double {
    let (x, y) = (try a.doubles(), try b.doubles())
    guard x.count == y.count else { return .infinity }
    return zip(x, y).map { $0 == $1 ? 0 : abs($0 - $1) }.max() ?? 0
}

/// A site of one node with float inputs of the given shapes, outputs inferred.
func site(_ type: String, _ shapes: [[Int]?], _ attributes: [Attribute] = [], opset: Int = 17) throws(CNNOptError)
    -> OperatorSite
{
    var inputs: [TensorData?] = []
    for shape in shapes {
        if let shape { inputs.append(try TensorData(zeros: .float32, shape: shape)) } else { inputs.append(nil) }
    }
    let model = try singleNodeModel(type, inputs: inputs, attributes: attributes, opset: opset)
    let facts = try GraphFacts(model)
    for id in model.graph.nodeIDs { return facts.site(id, model.graph) }
    throw CNNOptError(.internalFault, "no node")
}

/// The definition of the site's operator.
func definition(_ site: OperatorSite) throws(CNNOptError) -> any Operator.Type {
    guard let definition = OperatorRegistry.standard[site.node.operatorName] else {
        throw CNNOptError(.internalFault, "\(site.node.operatorName) is not registered")
    }
    return definition
}
