import GraphIR
import Tensors

/// Pairs of numbers of each head turned by an angle that depends on their place. Su et al., RoFormer, 2021.
enum RotaryEmbedding: Operator {
    static let schema = OperatorSchema("RotaryEmbedding", versions: [23], inputs: 3...4)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] { [site.type(0)] }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let heads = try site.int("num_heads", default: 0)
        let turned = try site.int("rotary_embedding_dim", default: 0)
        let isInterleaved = try site.int("interleaved", default: 0) != 0
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let x = try inputs.required(0)
            let layout = try Layout(x.shape, heads: heads)
            let size = turned == 0 ? layout.size : turned
            guard size >= 0, size % 2 == 0, size <= layout.size else {
                throw CNNOptError(.invalidModel, "\(size) of \(layout.size) numbers to turn")
            }
            let (cosines, sines) = (try inputs.required(1), try inputs.required(2))
            let rows = try rows(cosines, sines, inputs.integers(3), layout, size / 2)
            let (c, s) = (try cosines.doubles(), try sines.doubles())
            var values = try x.doubles()
            for image in 0..<layout.batch {
                for place in 0..<layout.length {
                    let row = rows[image * layout.length + place] * (size / 2)
                    for head in 0..<layout.heads {
                        let start = layout.start(image, head, place)
                        for k in 0..<size / 2 {
                            let a = start + (isInterleaved ? 2 * k : k)
                            let b = isInterleaved ? a + 1 : a + size / 2
                            let (x, y) = (values[a], values[b])
                            values[a] = c[row + k] * x - s[row + k] * y
                            values[b] = s[row + k] * x + c[row + k] * y
                        }
                    }
                }
            }
            return [try TensorData(values, shape: x.shape).cast(to: x.elementType)]
        }
    }

    /// The row of the tables for each image and place.
    private static func rows(
        _ cosines: TensorData,
        _ sines: TensorData,
        _ ids: [Int]?,
        _ layout: Layout,
        _ half: Int
    ) throws(CNNOptError) -> [Int] {
        let count = layout.batch * layout.length
        let shape = ids == nil ? [layout.batch, layout.length, half] : [cosines.shape.first ?? 0, half]
        let rows = ids ?? Array(0..<count)
        guard cosines.shape == shape, sines.shape == shape, rows.count == count,
            rows.allSatisfy({ $0 >= 0 && (ids == nil || $0 < shape[0]) })
        else {
            throw CNNOptError(.invalidModel, "tables of shape \(cosines.shape) and \(sines.shape) do not fit the input")
        }
        return rows
    }

    /// Batch × heads × length × size, or batch × length × heads·size.
    private struct Layout {
        let batch: Int
        let heads: Int
        let length: Int
        let size: Int
        private let isLengthFirst: Bool

        init(_ shape: [Int], heads: Int) throws(CNNOptError) {
            if shape.count == 4 {
                (batch, self.heads, length, size) = (shape[0], shape[1], shape[2], shape[3])
                isLengthFirst = false
            } else {
                guard shape.count == 3, heads >= 1, shape[2] % heads == 0 else {
                    throw CNNOptError(.invalidModel, "an input of shape \(shape) in \(heads) heads")
                }
                (batch, length, self.heads, size) = (shape[0], shape[1], heads, shape[2] / heads)
                isLengthFirst = true
            }
        }

        func start(_ image: Int, _ head: Int, _ place: Int) -> Int {
            isLengthFirst
                ? ((image * length + place) * heads + head) * size : ((image * heads + head) * length + place) * size
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its heads are not followed")
    }
}
