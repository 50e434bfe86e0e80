import GraphIR
import Tensors

/// Values mixed by how well their keys fit each query, in several heads. Vaswani et al., Attention Is All You Need, 2017;
/// Ainslie et al., GQA, 2023.
enum Attention: Operator {
    static let schema = OperatorSchema("Attention", versions: [23, 24, 25], inputs: 3...7, outputs: 1...4)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let form = try AttentionForm(site)
        let (q, k, v) = (site.shape(0), site.shape(1), site.shape(2))
        let types = [site.elementType(0), site.elementType(0), site.elementType(1), site.elementType(2)]
        guard let q, let k, let v, q.count == k.count, k.count == v.count, q.count == 3 || q.count == 4 else {
            return [
                TensorType(types[0], nil), TensorType(types[2], nil), TensorType(types[3], nil),
                TensorType(types[1], nil),
            ]
        }
        let past = site.has(4) ? site.shape(4).flatMap { $0.count == 4 ? $0[2] : nil } ?? .unknown : .known(0)
        func size(_ shape: Shape, _ heads: Int?) -> Dimension {
            shape.count == 4 ? shape[3] : shape[2].size.flatMap { size in heads.map { .known(size / $0) } } ?? .unknown
        }
        let long = q.count == 4 ? 2 : 1
        let total = ShapeArithmetic.add(past, k[long], .int64) ?? .unknown
        let queryHeads = q.count == 4 ? q[1] : form.queryHeads.map { .known($0) } ?? .unknown
        let keyHeads = k.count == 4 ? k[1] : form.keyHeads.map { .known($0) } ?? .unknown
        let valueSize = size(v, form.keyHeads)
        let hidden = form.queryHeads.flatMap { heads in
            valueSize.size.flatMap { checkedProduct([heads, $0]) }.map { Dimension.known($0) }
        }
        return [
            TensorType(types[0], q.count == 4 ? [q[0], q[1], q[2], v[3]] : [q[0], q[1], hidden ?? .unknown]),
            TensorType(types[2], [q[0], keyHeads, total, size(k, form.keyHeads)]),
            TensorType(types[3], [q[0], keyHeads, total, valueSize]),
            TensorType(types[1], [q[0], queryHeads, q[long], total]),
        ]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let form = try AttentionForm(site)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let (q, k, v) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
            let query = try form.heads(q, form.queryHeads)
            let past = inputs.optional(4)
            let key = try form.heads(k, form.keyHeads).behind(past)
            let value = try form.heads(v, form.keyHeads).behind(inputs.optional(5))
            let filled = try inputs.integers(6)
            guard filled?.count ?? query.batch == query.batch else {
                throw CNNOptError(.invalidModel, "\(filled?.count ?? 0) lengths for a batch of \(query.batch)")
            }
            let ahead = past?.shape[2] ?? 0
            let loops = AttentionLoops(
                form: form,
                query: query,
                key: key,
                value: value,
                mask: try mask(inputs.optional(3), query, key),
                offsets: past == nil
                    ? filled?.map { min(max($0, 0), key.length) - query.length }
                        ?? [Int](repeating: 0, count: query.batch)
                    : [Int](repeating: ahead, count: query.batch),
                filled: filled
            )
            try loops.check()
            var (mixed, shown) = try loops.run()
            if q.shape.count == 3 {
                let copy = IndexedCopy(mixed.shape, permutation: [0, 2, 1, 3])
                mixed = try copy.run(mixed, threads: threads)
                    .reshaped([query.batch, query.length, query.heads * value.size])
            }
            return [
                try mixed.cast(to: q.elementType), try TensorData(key.values, shape: key.shape).cast(to: k.elementType),
                try TensorData(value.values, shape: value.shape).cast(to: v.elementType),
                try shown.cast(to: q.elementType),
            ]
        }
    }

    /// The mask as numbers to add: false means −∞, and so does what lies past the end of a short mask.
    private static func mask(
        _ mask: TensorData?,
        _ query: AttentionHeads,
        _ key: AttentionHeads
    ) throws(CNNOptError) -> (values: [Double], strides: [Int])? {
        guard let mask else { return nil }
        let plain = try mask.doubles()
        var values = mask.elementType == .bool ? plain.map { $0 == 0 ? -.infinity : 0 } : plain
        var shape = mask.shape
        if let last = shape.last, last < key.length, last > 0 {
            let rows = values.count / last
            try IndexedCopy.check([rows, key.length], .float64)
            var padded = [Double](repeating: -.infinity, count: rows * key.length)
            for row in 0..<rows { for i in 0..<last { padded[row * key.length + i] = values[row * last + i] } }
            values = padded
            shape[shape.count - 1] = key.length
        }
        let whole = [query.batch, query.heads, query.length, key.length]
        guard shape.count <= 4, try Broadcasting.shape([shape, whole]) == whole else {
            throw CNNOptError(.invalidModel, "a mask of shape \(mask.shape) does not broadcast to \(whole)")
        }
        return (values, Broadcasting.strides(shape, to: whole))
    }

    static func cost(_ site: OperatorSite) throws(CNNOptError) -> Cost? {
        let form = try AttentionForm(site)
        guard let q = site.type(0).sizes, let k = site.type(1).sizes, let v = site.type(2).sizes, q.count == k.count,
            k.count == v.count, q.count == 3 || q.count == 4,
            let total = site.outputType(1).shape?[2].size ?? k.dropLast().last
        else { return nil }
        let heads = q.count == 4 ? 1 : (form.queryHeads ?? 1) / max(form.keyHeads ?? 1, 1)
        let valueSize = q.count == 4 ? checkedProduct(q[..<3] + [v[3]]) : checkedProduct(q[..<2] + [v[2], heads])
        guard let queries = checkedProduct(q + [total]),
            let values = valueSize.flatMap({ checkedProduct([$0, total]) })
        else { return nil }
        let (sum, overflow) = queries.addingReportingOverflow(values)
        return overflow ? nil : Cost(macs: sum)
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its heads are not followed")
    }
}
