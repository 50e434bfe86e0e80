import GraphIR
import Tensors

/// ONNX's multidirectional broadcasting.
package enum Broadcasting {
    /// The common shape of run-time shapes.
    /// - Throws: `invalidModel` where two sizes differ and neither is 1.
    package static func shape(_ shapes: [[Int]]) throws(CNNOptError) -> [Int] {
        let rank = shapes.map(\.count).max() ?? 0
        var result = [Int](repeating: 1, count: rank)
        for shape in shapes {
            for (axis, size) in shape.enumerated() where size != 1 {
                let target = rank - shape.count + axis
                guard result[target] == 1 || result[target] == size else {
                    throw CNNOptError(.invalidModel, "shapes \(shapes) do not broadcast")
                }
                result[target] = size
            }
        }
        return result
    }

    /// The common shape of shapes that are partly known; nil where a rank is unknown.
    package static func shape(_ shapes: [Shape?]) throws(CNNOptError) -> Shape? {
        var known: [Shape] = []
        for shape in shapes {
            guard let shape else { return nil }
            known.append(shape)
        }
        let rank = known.map(\.count).max() ?? 0
        var result = Shape(repeating: .known(1), count: rank)
        for shape in known {
            for (axis, dimension) in shape.enumerated() where dimension != .known(1) {
                let target = rank - shape.count + axis
                switch (result[target], dimension) {
                case (.known(1), _): result[target] = dimension
                case (.known(let a), .known(let b)):
                    guard a == b else { throw CNNOptError(.invalidModel, "shapes \(known) do not broadcast") }
                // A size above 1 wins over an unknown one: the unknown one must be 1 or the same.
                case (.known, _): break
                case (_, .known): result[target] = dimension
                case (let a, let b): result[target] = a == b ? a : .unknown
                }
            }
        }
        return result
    }

    /// Strides, in elements, that read a tensor of `shape` as if it had the broadcast shape: 0 along repeated axes.
    package static func strides(_ shape: [Int], to target: [Int]) -> [Int] {
        let own = rowMajorStrides(shape)
        var result = [Int](repeating: 0, count: target.count)
        for axis in shape.indices where shape[axis] != 1 { result[target.count - shape.count + axis] = own[axis] }
        return result
    }
}
