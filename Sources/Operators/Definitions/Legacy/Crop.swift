import GraphIR
import Tensors

/// An image without its border of (left, top, right, bottom) elements; with `scale`, that height and width from the upper
/// left border on. Experimental, gone with operator set 10.
enum Crop: Operator {
    static let schema = OperatorSchema("Crop", versions: [1], inputs: 1...1)
    static var traits: OperatorTraits { [.movesData] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let form = try Form(site)
        guard var shape = site.shape(0) else { return [site.type(0)] }
        guard shape.count == 4 else { throw site.failure(.invalidModel, "an input of rank \(shape.count), not 4") }
        for axis in 0..<2 {
            if let size = shape[axis + 2].size {
                shape[axis + 2] = .known(try form.range(axis, size).count)
            } else {
                shape[axis + 2] = form.scale.map { .known($0[axis]) } ?? .unknown
            }
        }
        return [TensorType(site.elementType(0), shape)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let form = try Form(site)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let x = try inputs.required(0)
            guard x.shape.count == 4 else { throw CNNOptError(.invalidModel, "an input of rank \(x.shape.count)") }
            let ranges = [0..<x.shape[0], 0..<x.shape[1], try form.range(0, x.shape[2]), try form.range(1, x.shape[3])]
            let strides = rowMajorStrides(x.shape)
            let axes = zip(ranges, strides).map { range, stride in
                IndexedCopy.Axis.strided(start: range.lowerBound * stride, step: stride, count: range.count)
            }
            return [try IndexedCopy(axes: axes).run(x, threads: threads)]
        }
    }

    /// What stays of height and width.
    private struct Form: Sendable {
        let border: [Int]
        let scale: [Int]?

        init(_ site: OperatorSite) throws(CNNOptError) {
            border = try site.ints("border") ?? [0, 0, 0, 0]
            scale = try site.ints("scale")
            guard border.count == 4, scale?.count ?? 2 == 2,
                (border + (scale ?? [])).allSatisfy({ $0 >= 0 && $0 <= Windows.limit })
            else { throw site.failure(.invalidModel, "border \(border), scale \(scale ?? [])") }
        }

        /// - Parameter axis: 0 for height, 1 for width.
        func range(_ axis: Int, _ size: Int) throws(CNNOptError) -> Range<Int> {
            let start = border[1 - axis]
            let end = scale.map { start + $0[axis] } ?? size - border[3 - axis]
            guard start <= end, end <= size else {
                throw CNNOptError(.invalidModel, "a border of \(border) does not fit an axis of \(size)")
            }
            return start..<end
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling { .channels(site) }

    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard opset >= LegacyOperators.end else { return nil }
        let form = try Form(site)
        guard let sizes = site.shape(0)?.dropFirst(2).map(\.size), sizes.count == 2, let height = sizes[0],
            let width = sizes[1]
        else { throw site.failure(.unsupported, "the size of its input is unknown, so it cannot be rewritten") }
        let (rows, columns) = (try form.range(0, height), try form.range(1, width))
        func list(_ values: [Int], _ stem: String) throws(CNNOptError) -> OperatorRewrite.Operand {
            .constant(try TensorData(values.map(Int64.init)), stem: stem)
        }
        return OperatorRewrite([
            .init(
                "Slice",
                [
                    .input(0), try list([rows.lowerBound, columns.lowerBound], "starts"),
                    try list([rows.upperBound, columns.upperBound], "ends"), try list([2, 3], "axes"),
                ]
            )
        ])
    }
}
