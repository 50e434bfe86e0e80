import GraphIR
import Tensors

/// Matrix products over the last two axes; the axes in front broadcast.
enum MatMul: Operator {
    static let schema = OperatorSchema("MatMul", versions: [1, 9, 13], inputs: 2...2)
    static var traits: OperatorTraits { [.isQuantizable] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let type = site.elementType(0) ?? site.elementType(1)
        guard let a = site.shape(0), let b = site.shape(1) else { return [TensorType(type, nil)] }
        guard let (left, right) = (a.last, b.count == 1 ? b.first : b.dropLast().last) as? (Dimension, Dimension) else {
            throw site.failure(.invalidModel, "an operand is a scalar")
        }
        if let x = left.size, let y = right.size, x != y {
            throw site.failure(.invalidModel, "inner dimensions \(x) and \(y) differ")
        }
        let batch = try Broadcasting.shape([Shape(a.dropLast(2)), Shape(b.dropLast(2))])
        return [
            TensorType(
                type,
                batch.map { $0 + (a.count > 1 ? [a[a.count - 2]] : []) + (b.count > 1 ? [b[b.count - 1]] : []) }
            )
        ]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            try HalfPrecision.widening(inputs) { (inputs) throws(CNNOptError) in
                [try BatchedProduct(inputs.required(0), inputs.required(1)).run(threads: threads)]
            }
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let a = site.shape(0), let b = site.shape(1), let y = site.outputType(0).shape, !a.isEmpty, !b.isEmpty
        else {
            return .barrier("the rank of an operand is unknown")
        }
        var coupling = ChannelCoupling()
        func link(_ from: ChannelCoupling.Axis, _ dimension: Dimension, _ to: ChannelCoupling.Axis) {
            if let size = dimension.size { coupling.links.append(.init(from, to, count: size)) }
        }
        let inner = b.count == 1 ? 0 : b.count - 2
        link(.init(.input(1), inner), b[inner], .init(.input(0), a.count - 1))
        if b.count > 1 { link(.init(.input(1), b.count - 1), b[b.count - 1], .init(.output(0), y.count - 1)) }
        if a.count > 1 {
            link(.init(.input(0), a.count - 2), a[a.count - 2], .init(.output(0), y.count - (b.count > 1 ? 2 : 1)))
        }
        let batch = y.count - (a.count > 1 ? 1 : 0) - (b.count > 1 ? 1 : 0)
        for (port, shape) in [(0, a), (1, b)] {
            for axis in 0..<max(shape.count - 2, 0) {
                let target = batch - (shape.count - 2) + axis
                guard target >= 0, shape[axis].size == y[target].size else { continue }
                link(.init(.input(port), axis), shape[axis], .init(.output(0), target))
            }
        }
        return coupling
    }

    static func cost(_ site: OperatorSite) throws(CNNOptError) -> Cost? {
        guard let output = site.outputType(0).sizes, let depth = site.shape(0)?.last?.size,
            let macs = checkedProduct(output + [depth])
        else { return nil }
        return Cost(macs: macs)
    }

    static func linearForm(_ site: OperatorSite) throws(CNNOptError) -> LinearForm? {
        guard let a = site.shape(0)?.count, let b = site.shape(1)?.count, a >= 2 || b == 2 else { return nil }
        if a == 2, site.constant(0) != nil, site.constant(1) == nil, b >= 2 {
            return LinearForm(
                dataPort: 1,
                weightPort: 0,
                biasPort: nil,
                weightOutputAxis: 0,
                weightInputAxis: 1,
                dataChannelAxis: b - 2,
                outputChannelAxis: b - 2
            )
        }
        guard b == 2, a >= 1 else { return nil }
        return LinearForm(
            biasPort: nil,
            weightOutputAxis: 1,
            weightInputAxis: 0,
            dataChannelAxis: a - 1,
            outputChannelAxis: a - 1
        )
    }

    static func factored(_ site: OperatorSite, first: TensorData, second: TensorData) throws(CNNOptError)
        -> OperatorRewrite?
    {
        guard let form = try linearForm(site) else { return nil }
        func product(_ weight: OperatorRewrite.Operand, _ data: OperatorRewrite.Operand) -> [OperatorRewrite.Operand?] {
            form.weightPort == 0 ? [weight, data] : [data, weight]
        }
        return OperatorRewrite([
            .init(
                "MatMul",
                product(.constant(first, stem: "reduced_weight"), .input(form.dataPort)),
                stem: "reduced"
            ),
            .init("MatMul", product(.constant(second, stem: "weight"), .step(0))),
        ])
    }
}

/// The matrix products of two run-time tensors.
private struct BatchedProduct {
    let a: TensorData
    let b: TensorData
    let rows: Int
    let depth: Int
    let columns: Int
    let batch: BroadcastWalk
    let shape: [Int]

    init(_ a: TensorData, _ b: TensorData) throws(CNNOptError) {
        guard !a.shape.isEmpty, !b.shape.isEmpty, a.elementType == b.elementType else {
            throw CNNOptError(.invalidModel, "operands \(a.shape) and \(b.shape) do not fit")
        }
        let (left, right) = (a.shape.count == 1 ? [1] + a.shape : a.shape, b.shape.count == 1 ? b.shape + [1] : b.shape)
        rows = left[left.count - 2]
        depth = left[left.count - 1]
        columns = right[right.count - 1]
        guard right[right.count - 2] == depth else {
            throw CNNOptError(.invalidModel, "operands \(a.shape) and \(b.shape) do not fit")
        }
        // Whole matrices broadcast: a walk over their indices alone.
        batch = try BroadcastWalk(Array(left.dropLast(2)), Array(right.dropLast(2)))
        shape = batch.shape + (a.shape.count > 1 ? [rows] : []) + (b.shape.count > 1 ? [columns] : [])
        self.a = a
        self.b = b
    }

    func run(threads: Int) throws(CNNOptError) -> TensorData {
        switch a.elementType {
        case .float32: try floats(threads)
        case .float64: try loops(Double.self, 0) { $0 + $1 * $2 }
        case .int32: try loops(Int32.self, 0) { $0 &+ $1 &* $2 }
        case .uint32: try loops(UInt32.self, 0) { $0 &+ $1 &* $2 }
        case .int64: try loops(Int64.self, 0) { $0 &+ $1 &* $2 }
        case .uint64: try loops(UInt64.self, 0) { $0 &+ $1 &* $2 }
        default: throw CNNOptError(.unsupported, "element type \(a.elementType.onnxName)")
        }
    }

    private func matrices(_ body: (_ a: Int, _ b: Int, _ y: Int) -> Void) {
        for run in 0..<batch.runs {
            let (i, j) = batch.offsets(of: run)
            for k in 0..<batch.innerCount {
                body(
                    (i + k * batch.innerA) * rows * depth,
                    (j + k * batch.innerB) * depth * columns,
                    (run * batch.innerCount + k) * rows * columns
                )
            }
        }
    }

    private func floats(_ threads: Int) throws(CNNOptError) -> TensorData {
        let count = try MatrixProduct.workspaceCount(rows: rows, depth: depth, threads: threads)
        var workspace = try TensorData(zeros: .float32, shape: [count])
        return try a.withElements(Float.self) { (left) throws(CNNOptError) in
            try b.withElements(Float.self) { (right) throws(CNNOptError) in
                try workspace.withMutableElements(Float.self) { (workspace) throws(CNNOptError) in
                    try TensorData.make(Float.self, shape: shape) { (target) throws(CNNOptError) in
                        guard let a = left.baseAddress, let b = right.baseAddress, let y = target.baseAddress,
                            let w = workspace.baseAddress
                        else { return }
                        matrices { i, j, k in
                            MatrixProduct.multiply(
                                .init(base: a + i, rowStride: depth, columnStride: 1),
                                .init(base: b + j, rowStride: columns, columnStride: 1),
                                into: y + k,
                                rows: rows,
                                depth: depth,
                                columns: columns,
                                workspace: w,
                                threads: threads
                            )
                        }
                    }
                }
            }
        }
    }

    @inline(__always)
    private func loops<T: TensorScalar>(_ type: T.Type, _ zero: T, _ add: (T, T, T) -> T) throws(CNNOptError)
        -> TensorData
    {
        try a.withElements(T.self) { (left) throws(CNNOptError) in
            try b.withElements(T.self) { (right) throws(CNNOptError) in
                try TensorData.make(T.self, shape: shape) { (target) throws(CNNOptError) in
                    matrices { i, j, k in
                        for row in 0..<rows {
                            for column in 0..<columns {
                                var sum = zero
                                for d in 0..<depth {
                                    sum = add(sum, left[i + row * depth + d], right[j + d * columns + column])
                                }
                                target[k + row * columns + column] = sum
                            }
                        }
                    }
                }
            }
        }
    }
}
