import GraphIR
import Tensors

extension Model {
    /// Every stored tensor: initialisers and attributes, in subgraphs and functions too.
    var constants: [Constant] {
        functions.reduce(into: graph.allConstants) { all, function in
            all += function.body.allConstants + function.attributeDefaults.flatMap(\.constants)
        }
    }
}

extension Graph {
    fileprivate var allConstants: [Constant] {
        initializers.compactMap { self[$0].constant }
            + nodeIDs.flatMap { self[$0].attributes.flatMap(\.constants) }
    }
}

extension Attribute {
    fileprivate var constants: [Constant] {
        switch value {
        case .tensor(let constant): [constant]
        case .tensors(let constants): constants
        default: graphs.flatMap(\.allConstants)
        }
    }
}
