import GraphIR
import Tensors

/// An operator that runs one of several graphs.
package protocol ConditionalOperator: Operator {
    /// The graph that certainly runs, whatever the model is fed; nil where that is not known. It takes captured values alone, and
    /// its outputs are the node's.
    static func takenBranch(_ site: OperatorSite) throws(CNNOptError) -> Graph?
}

/// An operator that runs a graph over and over.
package protocol LoopingOperator: Operator {
    /// What the outputs are where the graph certainly never runs; nil where it may. Outputs that nobody uses are nil.
    static func outputsWithoutTrips(_ site: OperatorSite) throws(CNNOptError) -> [LoopingOutput?]?
}

/// An output of a loop that makes no trip.
package enum LoopingOutput: Sendable {
    /// The input at a port.
    case input(Int)
    /// A tensor without elements.
    case stored(TensorData)
}
