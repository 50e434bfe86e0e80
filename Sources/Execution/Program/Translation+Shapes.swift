import Operators
import Tensors

extension Translation {
    /// Whether the outputs have the shapes that the computation gives: kernels trust them, and a file may declare others.
    /// Convolutions, products and normalisations are checked where they are expressed.
    func agrees(_ computation: Computation, _ inputs: [Int], _ outputs: [Int]) -> Bool {
        guard let first = inputs.first, let output = outputs.first else { return false }
        let (x, y) = (program.shape(first), program.shape(output))
        return switch computation {
        case .maximumPool(let axes), .averagePool(let axes, _):
            axes.count + 2 == x.count && y == Array(x[..<2]) + axes.map(\.output) && Array(x[2...]) == axes.map(\.input)
        case .globalAverage, .globalMaximum: x.count >= 2 && y == Array(x[..<2]) + x.dropFirst(2).map { _ in 1 }
        case .unary, .softmax, .quantization, .dequantization, .localResponse: x == y
        case .binary: inputs.count > 1 && (try? Broadcasting.shape([x, program.shape(inputs[1])])) == y
        case .transposition(let order): order.sorted() == Array(x.indices) && y == order.map { x[$0] }
        case .reshaping: checkedProduct(x).map { $0 == checkedProduct(y) } ?? false
        case .slice(let parts):
            parts.count == x.count && y == parts.map(\.count)
                && parts.indices.allSatisfy { axis in
                    let part = parts[axis]
                    return part.count == 0
                        || (0..<x[axis]).contains(part.first)
                            && (0..<x[axis]).contains(part.first &+ part.step &* (part.count - 1))
                }
        case .split(let axis, let sizes):
            x.indices.contains(axis) && sizes.count >= outputs.count && sizes.reduce(0, &+) <= x[axis]
                && zip(outputs, sizes).allSatisfy { program.shape($0) == x.replacing(axis, with: $1) }
        case .concatenation(let axis):
            x.indices.contains(axis) && y == x.replacing(axis, with: inputs.reduce(0) { $0 &+ size($1, axis) })
                && inputs.allSatisfy { program.shape($0) == x.replacing(axis, with: size($0, axis)) }
        case .zeroPadding(let padding):
            padding.count == x.count
                && zip(padding, zip(x, y)).allSatisfy {
                    $0.front >= 0 && $0.back >= 0 && $0.front &+ $1.0 &+ $0.back == $1.1
                }
        case .nearestResize(let rows, let columns):
            x.count == 4 && y == [x[0], x[1], rows.count, columns.count] && lie(rows, below: x[2])
                && lie(columns, below: x[3])
        case .linearResize(let rows, let columns):
            x.count == 4 && y == [x[0], x[1], rows.low.count, columns.low.count]
                && lie(rows.low, below: x[2]) && lie(rows.high, below: x[2]) && rows.high.count == rows.low.count
                && lie(columns.low, below: x[3]) && lie(columns.high, below: x[3])
                && columns.high.count == columns.low.count
        case .convolution, .transposedConvolution, .product, .normalization, .batchNormalization, .quantized: true
        }
    }

    private func size(_ value: Int, _ axis: Int) -> Int {
        let shape = program.shape(value)
        return shape.indices.contains(axis) ? shape[axis] : 0
    }

    private func lie(_ indices: [Int32], below size: Int) -> Bool { indices.allSatisfy { $0 >= 0 && Int($0) < size } }
}

extension [Int] {
    fileprivate func replacing(_ index: Int, with element: Int) -> [Int] {
        var result = self
        result[index] = element
        return result
    }
}
