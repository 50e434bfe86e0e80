import GraphIR
import Tensors

/// What an operator computes at a site, in the terms that execution back ends share: attributes are read, axes count from the
/// front, and shapes are those of the site. Inputs stand at their usual ports unless a case says otherwise.
///
/// A back end runs the cases it has fast kernels for and leaves the rest to ``Operator/reference(_:)``.
package indirect enum Computation: Sendable {
    /// Data 0 of N × C × spatial, weight 1 of M × C/groups × kernel, bias 2.
    case convolution(axes: [Windows.Axis], groups: Int)
    /// The transpose of the convolution whose input is this one's output; weight 1 of C × M/groups × kernel.
    case transposedConvolution(axes: [Windows.Axis], groups: Int)
    /// alpha · A · B + beta · C over the last two axes; those in front broadcast.
    case product(transposesLeft: Bool = false, transposesRight: Bool = false, alpha: Float = 1, beta: Float = 1)
    case maximumPool(axes: [Windows.Axis])
    case averagePool(axes: [Windows.Axis], countsPadding: Bool)
    /// The mean over all spatial axes of N × C × spatial, or the largest element.
    case globalAverage, globalMaximum
    case unary(ElementaryFunction)
    /// Inputs 0 and 1 broadcast.
    case binary(PairFunction)
    case softmax(axis: Int, isLogarithm: Bool)
    /// Runs of elements brought to mean 0 and variance 1, then times input 1 plus input 2.
    case normalization(Normalization)
    /// Channels, axis 1, brought to mean 0 and variance 1 by the statistics of inputs 3 and 4, then times input 1 plus input 2.
    case batchNormalization(epsilon: Float)
    case localResponse(LocalResponse)
    /// Output axis k is input axis order[k].
    case transposition([Int])
    /// The same elements in order under the output's shape.
    case reshaping
    /// Index k of an output axis is first + k · step of the input's.
    case slice([(first: Int, step: Int, count: Int)])
    /// Consecutive parts of an axis.
    case split(axis: Int, sizes: [Int])
    case concatenation(axis: Int)
    /// Zeros around the input.
    case zeroPadding([AxisPadding])
    /// Two spatial axes resized, each output taking one input element.
    case nearestResize(rows: [Int32], columns: [Int32])
    /// Two spatial axes resized, each output mixing two elements.
    case linearResize(rows: MixedIndices, columns: MixedIndices)
    /// Scale 1 and zero point 2, whole or along an axis.
    case quantization(axis: Int?)
    case dequantization(axis: Int?)
    /// A computation on dequantised operands whose result is quantised, unless it stays real: the form of operators that name
    /// all scales.
    case quantized(Computation, operands: [QuantizedPorts], biasPort: Int?, result: QuantizedPorts?)
}

/// Ports of a quantised tensor, its scale and its zero point; of a result only the latter two.
package struct QuantizedPorts: Sendable, Hashable {
    package var tensor: Int
    package var scale: Int
    package var zero: Int?
    /// The axis that scales run along where there is more than one.
    package var axis: Int?

    package init(tensor: Int, scale: Int, zero: Int?, axis: Int? = nil) {
        self.tensor = tensor
        self.scale = scale
        self.zero = zero
        self.axis = axis
    }
}

/// (x − mean) / √(variance + epsilon) over runs of elements.
package struct Normalization: Sendable, Hashable {
    /// Elements that share a mean and a variance: neighbours in row-major order.
    package var length: Int
    package var epsilon: Float
    /// What has a scale and a shift of its own.
    package var parameters: Parameters

    package enum Parameters: Sendable, Hashable {
        /// Each channel, axis 1.
        case channel
        /// Each group of so many neighbouring channels.
        case group(channels: Int)
    }
}

/// x / (bias + alpha / size · Σ x²)^beta, summed over the `size` channels around each.
package struct LocalResponse: Sendable, Hashable {
    package var size: Int
    package var alpha: Float
    package var beta: Float
    package var bias: Float
}

/// A function of one number.
package enum ElementaryFunction: Sendable, Hashable {
    /// Clamped to an interval: Relu is 0 … ∞.
    case clamp(low: Float, high: Float)
    case leakyRelu(Float)
    case elu(Float)
    case sigmoid, tanh, exponential, logarithm, squareRoot, absolute, softplus, mish
    /// x · sigmoid(alpha · x).
    case swish(Float)
    case gelu
    case hardSwish
    /// alpha · x + beta, clamped to 0 … 1.
    case hardSigmoid(alpha: Float, beta: Float)

    package static let relu = ElementaryFunction.clamp(low: 0, high: .infinity)
}

/// A function of two numbers. `slope` is a, or a · b where a is below zero.
package enum PairFunction: Sendable, Hashable { case add, subtract, multiply, divide, maximum, minimum, slope }

/// For each output index of an axis the two input indices that it mixes, and the share of the second.
package struct MixedIndices: Sendable, Hashable {
    package var low: [Int32]
    package var high: [Int32]
    package var share: [Float]
}

extension Computation {
    /// A computation on one tensor, with its scale and zero point behind it, then those of the result.
    package static func quantizedUnary(_ inner: Computation) -> Computation {
        .quantized(
            inner,
            operands: [QuantizedPorts(tensor: 0, scale: 1, zero: 2)],
            biasPort: nil,
            result: QuantizedPorts(tensor: 0, scale: 3, zero: 4)
        )
    }
}
