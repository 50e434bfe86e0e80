import Tensors

/// A value over several batches of samples: a tensor for each, or one where it does not depend on the samples.
package enum BatchedTensor: Sendable {
    case fixed(TensorData)
    case batches([TensorData])

    package func tensor(_ batch: Int) -> TensorData {
        switch self {
        case .fixed(let tensor): tensor
        case .batches(let tensors): tensors[batch]
        }
    }

    package var isFixed: Bool { if case .fixed = self { true } else { false } }

    /// The tensors that are held.
    package var tensors: [TensorData] {
        switch self {
        case .fixed(let tensor): [tensor]
        case .batches(let tensors): tensors
        }
    }

    package func map(_ change: (TensorData) throws(CNNOptError) -> TensorData) throws(CNNOptError) -> BatchedTensor {
        switch self {
        case .fixed(let tensor): return .fixed(try change(tensor))
        case .batches(let tensors):
            var changed: [TensorData] = []
            for tensor in tensors { changed.append(try change(tensor)) }
            return .batches(changed)
        }
    }
}
