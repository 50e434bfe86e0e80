import GraphIR
import Tensors

/// Gradients of what moves elements.
extension GradientFragment {
    /// The elements of a part of a tensor, which starts at `first` on each axis and takes every `step`-th element, back at their
    /// places in zeros of a shape.
    package mutating func placed(
        _ operand: Operand,
        _ parts: [(first: Int, step: Int, count: Int)],
        in shape: [Int]
    ) throws(CNNOptError) -> Operand {
        var result = operand
        var parts = parts
        // From the front to the back.
        let reversed = parts.indices.filter { parts[$0].step < 0 && parts[$0].count > 1 }
        if !reversed.isEmpty {
            result = try sliced(result, axes: reversed, starts: reversed.map { _ in -1 }, step: -1)
            for axis in reversed {
                parts[axis].first += (parts[axis].count - 1) * parts[axis].step
                parts[axis].step = -parts[axis].step
            }
        }
        for axis in parts.indices where parts[axis].step > 1 && parts[axis].count > 1 {
            // Zeros behind each element, but not behind the last one.
            let (step, count) = (parts[axis].step, parts[axis].count)
            let sizes = parts[..<axis].map(\.count) + [count, 1] + parts[(axis + 1)...].map(\.count)
            let apart = try padded(
                reshaped(result, sizes),
                front: sizes.map { _ in 0 },
                back: sizes.indices.map { $0 == axis + 1 ? step - 1 : 0 }
            )
            var joined = parts.map(\.count)
            joined[axis] = count * step
            let ends = [(count - 1) * step + 1]
            result = try sliced(reshaped(apart, joined), axes: [axis], starts: [0], ends: ends, step: 1)
            parts[axis].count = ends[0]
        }
        return try padded(
            result,
            front: parts.map(\.first),
            back: parts.indices.map { shape[$0] - parts[$0].first - parts[$0].count }
        )
    }

    /// Zeros around a tensor.
    package mutating func padded(_ operand: Operand, front: [Int], back: [Int]) throws(CNNOptError) -> Operand {
        (front + back).allSatisfy { $0 == 0 } ? operand : add("Pad", [operand, try integers(front + back)])
    }

    /// A part of a tensor along some axes.
    package mutating func sliced(
        _ operand: Operand,
        axes: [Int],
        starts: [Int],
        ends: [Int]? = nil,
        step: Int = 1
    ) throws(CNNOptError) -> Operand {
        let ends = ends ?? axes.map { _ in step > 0 ? Int(Int32.max) : -Int(Int32.max) }
        let lists = [starts, ends, axes, axes.map { _ in step }]
        var inputs = [operand]
        for list in lists { inputs.append(try integers(list)) }
        return add("Slice", inputs)
    }
}
