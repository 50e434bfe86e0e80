import GraphIR
import Tensors

extension Broadcasting {
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
}
