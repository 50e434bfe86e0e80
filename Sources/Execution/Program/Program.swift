import GraphIR
import Operators
import Tensors

/// A graph of computations whose shapes are all known: what an accelerated plan is made of. It is rewritten freely; the user's
/// graph is not.
struct Program {
    /// A tensor.
    struct Value {
        var name: String
        /// nil for what has no fixed place in memory: strings, sequences, shapes that depend on data.
        var type: StaticType?
        var constant: TensorData?
    }

    /// An element type and sizes.
    struct StaticType: Hashable {
        var elementType: ElementType
        var shape: [Int]

        /// Sizes were checked when the type was made: 0 where one of them is, however large the others are.
        var count: Int { checkedProduct(shape) ?? 0 }
        var byteCount: Int { elementType.byteCount(of: count) ?? 0 }
    }

    var values: [Value] = []
    var operations: [Operation] = []
    var inputs: [Int] = []
    var outputs: [Int] = []

    mutating func add(_ value: Value) -> Int {
        values.append(value)
        return values.count - 1
    }

    mutating func add(constant: TensorData, name: String) -> Int {
        add(
            Value(
                name: name,
                type: StaticType(elementType: constant.elementType, shape: constant.shape),
                constant: constant
            )
        )
    }

    /// A value of real numbers with the name and shape of another.
    func real(like value: Int) -> Value {
        Value(name: values[value].name, type: StaticType(elementType: .float32, shape: shape(value)))
    }

    func shape(_ value: Int) -> [Int] { values[value].type?.shape ?? [] }
    func elementType(_ value: Int) -> ElementType? { values[value].type?.elementType }
}

/// One computation of a program.
struct Operation {
    var kind: Kind
    /// nil for optional inputs that are left out, of reference kernels alone.
    var inputs: [Int?]
    var outputs: [Int]
    /// The nodes that it stands for, first the one that it began as, and their names and operators.
    var nodes: [NodeID] = []
    var names: [String]
    var operators: [String]
    var macs = 0

    enum Kind {
        /// Data, weight, bias if there is one, and the operands of the epilogue.
        case convolution(Convolution)
        /// Rows of data, a weight of M × K, bias if there is one, and the operands of the epilogue.
        case dense(Dense)
        /// Two matrices, or stacks of them.
        case product(Product)
        /// Data, scale and shift.
        case normalization(Normalization)
        /// Data, scale, shift, mean and variance.
        case batchNormalization(epsilon: Float)
        case localResponse(LocalResponse)
        case pool(Pool)
        /// The mean, or the largest element, of all spatial positions.
        case globalAverage, globalMaximum
        case function(ElementaryFunction)
        case pair(PairFunction, Clamp)
        case affine(Affine)
        case softmax(axis: Int, isLogarithm: Bool)
        case transposition([Int])
        case reshaping
        case slice([(first: Int, step: Int, count: Int)])
        case split(axis: Int, sizes: [Int])
        case concatenation(axis: Int)
        case zeroPadding([AxisPadding])
        case nearestResize(rows: [Int32], columns: [Int32])
        case linearResize(rows: MixedIndices, columns: MixedIndices)
        case quantization(Grid)
        case dequantization(ChannelGrids)
        /// A function of one 8-bit integer.
        case table([UInt8])
        case quantizedPair(PairFunction, Clamp, left: Grid, right: Grid, result: Grid)
        case quantizedAverage(Grid, result: Grid)
        /// Whatever has no kernel of the back end.
        case reference(any Kernel)
    }
}

/// An interval that results are clamped to.
struct Clamp: Hashable {
    var low: Float = -.infinity
    var high: Float = .infinity

    static let none = Clamp()

    /// The clamp of results that this one has clamped already.
    func followed(by other: Clamp) -> Clamp {
        // The later one's bounds win where the intervals do not overlap.
        Clamp(low: min(max(low, other.low), other.high), high: max(min(high, other.high), other.low))
    }
}

/// A convolution, or the transpose of one.
struct Convolution {
    var axes: [Windows.Axis]
    var groups: Int
    var isTransposed: Bool
    var hasBias: Bool
    var epilogue: [EpilogueStep] = []
    var quantization: QuantizedForm?
}

/// The product of rows with a stored matrix.
struct Dense {
    var hasBias: Bool
    var epilogue: [EpilogueStep] = []
    var quantization: QuantizedForm?
}

/// What is done to a result before it is stored.
enum EpilogueStep: Hashable {
    case function(ElementaryFunction)
    /// The operation's next further input is added.
    case addition
}

/// alpha · A · B over the last two axes, of which either operand's may be exchanged; axes in front broadcast.
struct Product {
    var transposesLeft = false
    var transposesRight = false
    var alpha: Float = 1
}

struct Pool {
    var axes: [Windows.Axis]
    var rule: Rule

    enum Rule { case maximum, average, averageWithPadding }
}

/// x · scale[c] + shift[c] along an axis, or with one number of each, clamped.
struct Affine {
    var axis: Int? = nil
    var scale: [Float]
    var shift: [Float]
    var clamp = Clamp.none
}

/// real = scale · (integer − zero).
struct Grid: Hashable {
    var scale: Float
    var zero: Int32
    var isSigned: Bool

    var elementType: ElementType { isSigned ? .int8 : .uint8 }
    var range: ClosedRange<Int32> { isSigned ? -128...127 : 0...255 }
}

/// Scales and zero points along an axis, or one for all.
struct ChannelGrids {
    var axis: Int?
    var scales: [Float]
    var zeros: [Int32]
    var elementType: ElementType

    init(axis: Int?, scales: [Float], zeros: [Int32], elementType: ElementType) {
        self.axis = axis
        self.scales = scales
        self.zeros = zeros
        self.elementType = elementType
    }

    /// One grid for all.
    init(_ grid: Grid) {
        self.init(axis: nil, scales: [grid.scale], zeros: [grid.zero], elementType: grid.elementType)
    }

    /// The grid where one holds for all 8-bit integers.
    var grid: Grid? {
        guard scales.count == 1, zeros.count == 1, elementType == .int8 || elementType == .uint8 else { return nil }
        return Grid(scale: scales[0], zero: zeros[0], isSigned: elementType == .int8)
    }
}

/// How an operation runs on integers: data and weights are 8-bit; sums are scaled back.
struct QuantizedForm {
    var data: Grid
    /// One scale and zero point for each output channel, or one for all.
    var weightScales: [Float]
    var weightZeros: [Int32]
    /// nil where the result stays real.
    var result: Grid?
    var clamp = Clamp.none
}
