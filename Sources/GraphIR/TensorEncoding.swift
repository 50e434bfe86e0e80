import Tensors

/// What is known of how a tensor's values came about.
package enum TensorEncoding: Sendable, Hashable {
    /// float32 elements on a grid.
    case uniformGrid(UniformGrid)
}
