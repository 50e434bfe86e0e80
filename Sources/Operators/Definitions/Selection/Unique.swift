import GraphIR
import Tensors

/// The different elements, or the different slices along an axis, each once: in order, or as they first occur where `sorted`
/// is 0. The other outputs say where each first occurs, which one stands at each place, and how often it occurs.
enum Unique: Operator {
    static let schema = OperatorSchema("Unique", versions: [11, 28], inputs: 1...1, outputs: 1...4)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let list = TensorType(.int64, [.unknown])
        guard let axis = try site.int("axis") else {
            return [TensorType(site.elementType(0), [.unknown]), list, list, list]
        }
        guard var shape = site.shape(0) else { return [TensorType(site.elementType(0), nil), list, list, list] }
        shape[try site.normalizedAxis(axis, rank: shape.count)] = .unknown
        return [TensorType(site.elementType(0), shape), list, list, list]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let attribute = try site.int("axis")
        let isSorted = try site.int("sorted", default: 1) != 0
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            var x = try inputs.required(0)
            if attribute == nil { x = try x.reshaped([x.count]) }
            let axis = try site.normalizedAxis(attribute ?? 0, rank: x.shape.count)
            let groups = try ranks(x, axis).map(Groups.init)
            guard let groups else { throw CNNOptError(.unsupported, "element type \(x.elementType.onnxName)") }
            var order = Array(groups.first.indices)
            if !isSorted { order.sort { groups.first[$0] < groups.first[$1] } }
            var place = [Int](repeating: 0, count: order.count)
            for (new, old) in order.enumerated() { place[old] = new }
            let first = order.map { groups.first[$0] }
            let strides = rowMajorStrides(x.shape)
            let axes = x.shape.indices.map { k in
                k == axis
                    ? IndexedCopy.Axis.listed(first.map { $0 * strides[k] })
                    : .strided(start: 0, step: strides[k], count: x.shape[k])
            }
            return [
                try IndexedCopy(axes: axes).run(x, threads: threads),
                try TensorData(first.map(Int64.init)),
                try TensorData(groups.member.map { Int64(place[$0]) }),
                try TensorData(order.map { Int64(groups.count[$0]) }),
            ]
        }
    }

    /// For each slice along the axis its elements as numbers that compare as they do; nil for types without an order.
    private static func ranks(_ x: TensorData, _ axis: Int) throws(CNNOptError) -> [[Rank]]? {
        let elements: [Rank]
        switch x.elementType {
        case .string: elements = (x.strings ?? []).map(Rank.text)
        case .complex64, .complex128: return nil
        case .uint64: elements = try x.array(of: UInt64.self).map { .natural($0) }
        default:
            elements =
                x.elementType.isInteger
                ? try x.cast(to: .int64).array(of: Int64.self).map { .whole($0) } : try x.doubles().map { .real($0) }
        }
        let span = AxisSpan(x.shape, axis: axis)
        guard !x.shape.contains(0) else { return [] }
        return (0..<span.count).map { index in
            (0..<span.outer).flatMap { outer in
                (0..<span.inner).map { elements[(outer * span.count + index) * span.inner + $0] }
            }
        }
    }

    private enum Rank {
        case text([UInt8])
        case natural(UInt64)
        case whole(Int64)
        case real(Double)

        /// NaN comes last, and all NaNs are different.
        func isBelow(_ other: Rank) -> Bool {
            switch (self, other) {
            case (.text(let a), .text(let b)): a.lexicographicallyPrecedes(b)
            case (.natural(let a), .natural(let b)): a < b
            case (.whole(let a), .whole(let b)): a < b
            case (.real(let a), .real(let b)): a < b || (b.isNaN && !a.isNaN)
            default: false
            }
        }
    }

    /// Slices that are equal, in order.
    private struct Groups {
        /// Where each group first occurs, and how many slices it has.
        private(set) var first: [Int] = []
        private(set) var count: [Int] = []
        /// The group of each slice.
        private(set) var member: [Int]

        init(_ slices: [[Rank]]) {
            func precedes(_ a: [Rank], _ b: [Rank]) -> Bool { a.lexicographicallyPrecedes(b) { $0.isBelow($1) } }
            member = [Int](repeating: 0, count: slices.count)
            // Equal slices in the order in which they occur.
            let order = slices.indices.sorted { a, b in
                if precedes(slices[a], slices[b]) { return true }
                return precedes(slices[b], slices[a]) ? false : a < b
            }
            for index in order {
                if let last = first.last, !precedes(slices[last], slices[index]) {
                    count[count.count - 1] += 1
                } else {
                    first.append(index)
                    count.append(1)
                }
                member[index] = first.count - 1
            }
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its size depends on the data")
    }
}
