import GraphIR
import Tensors

/// The sizes of a tensor's axes, or of those from `start` to `end` (operator set 15 and later).
enum ShapeOperator: Operator {
    static let schema = OperatorSchema("Shape", versions: [1, 13, 15, 19, 21, 23, 24], inputs: 1...1)

    private static func range(_ start: Int, _ end: Int?, rank: Int) -> Range<Int> {
        func clamped(_ axis: Int) -> Int { min(max(axis < 0 ? axis + rank : axis, 0), rank) }
        let first = clamped(start)
        return first..<max(first, clamped(end ?? rank))
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        guard let shape = site.shape(0) else { return [TensorType(.int64, [.unknown])] }
        let range = range(try site.int("start", default: 0), try site.int("end"), rank: shape.count)
        return [TensorType(.int64, [.known(range.count)])]
    }

    static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] {
        guard let shape = site.shape(0) else { return [] }
        let range = range(try site.int("start", default: 0), try site.int("end"), rank: shape.count)
        // Some exporters write −1 for a size that is not known.
        return [ShapeElements(shape[range].map { if case .known(let size) = $0, size < 0 { .unknown } else { $0 } })]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let (start, end) = (try site.int("start", default: 0), try site.int("end"))
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let shape = try inputs.required(0).shape
            return [try TensorData(shape[range(start, end, rank: shape.count)].map(Int64.init))]
        }
    }

    /// The axes may shrink: the sizes then follow at run time, and operators that take sizes get stored ones where these do not
    /// fit any more.
    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let shape = site.shape(0) else { return .barrier("the rank of its input is unknown") }
        return ChannelCoupling(free: shape.indices.map { .init(.input(0), $0) })
    }
}
