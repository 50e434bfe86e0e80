import Tensors

/// The matrix products of two run-time tensors.
struct BatchedProduct {
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
        case .float64: try loops(Double.self) { $0 + $1 * $2 }
        case .int32: try loops(Int32.self) { $0 &+ $1 &* $2 }
        case .uint32: try loops(UInt32.self) { $0 &+ $1 &* $2 }
        case .int64: try loops(Int64.self) { $0 &+ $1 &* $2 }
        case .uint64: try loops(UInt64.self) { $0 &+ $1 &* $2 }
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
    private func loops<T: TensorScalar>(_ type: T.Type, _ add: (T, T, T) -> T) throws(CNNOptError) -> TensorData {
        try a.withElements(T.self) { (left) throws(CNNOptError) in
            try b.withElements(T.self) { (right) throws(CNNOptError) in
                try TensorData.make(T.self, shape: shape) { (target) throws(CNNOptError) in
                    matrices { i, j, k in
                        for row in 0..<rows {
                            let line = k + row * columns
                            for d in 0..<depth {
                                let factor = left[i + row * depth + d]
                                for column in 0..<columns {
                                    target[line + column] = add(
                                        target[line + column],
                                        factor,
                                        right[j + d * columns + column]
                                    )
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
