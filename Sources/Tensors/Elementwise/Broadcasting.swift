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

    /// Strides, in elements, that read a tensor of `shape` as if it had the broadcast shape: 0 along repeated axes.
    package static func strides(_ shape: [Int], to target: [Int]) -> [Int] {
        let own = rowMajorStrides(shape)
        var result = [Int](repeating: 0, count: target.count)
        for axis in shape.indices where shape[axis] != 1 { result[target.count - shape.count + axis] = own[axis] }
        return result
    }
}
