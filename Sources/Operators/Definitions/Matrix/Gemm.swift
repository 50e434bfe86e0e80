import GraphIR
import Tensors

/// alpha · A' · B' + beta · C, where A' and B' may be transposed and C broadcasts to the product's shape.
enum Gemm: Operator {
    static let schema = OperatorSchema("Gemm", versions: [1, 6, 7, 9, 11, 13], inputs: 2...3)
    static var traits: OperatorTraits { [.isQuantizable, .isLinear] }

    struct Form: Sendable {
        let transA: Bool
        let transB: Bool
        let alpha: Float
        let beta: Float

        init(_ site: OperatorSite) throws(CNNOptError) {
            transA = try site.int("transA", default: 0) != 0
            transB = try site.int("transB", default: 0) != 0
            alpha = try site.float("alpha", default: 1)
            beta = try site.float("beta", default: 1)
        }
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let form = try Form(site)
        let type = site.elementType(0) ?? site.elementType(1)
        guard site.shape(0)?.count ?? 2 == 2, site.shape(1)?.count ?? 2 == 2 else {
            throw site.failure(.invalidModel, "A and B must be matrices")
        }
        let (a, b) = (site.shape(0), site.shape(1))
        if let x = a?[form.transA ? 0 : 1].size, let y = b?[form.transB ? 1 : 0].size, x != y {
            throw site.failure(.invalidModel, "inner dimensions \(x) and \(y) differ")
        }
        return [TensorType(type, [a?[form.transA ? 1 : 0] ?? .unknown, b?[form.transB ? 0 : 1] ?? .unknown])]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let form = try Form(site)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            try HalfPrecision.widening(inputs) { (inputs) throws(CNNOptError) in
                let (a, b, c) = (try inputs.required(0), try inputs.required(1), inputs.optional(2))
                let sizes = try sizes(a, b, c, form)
                switch a.elementType {
                case .float32: return [try floats(a, b, c, form, sizes, threads)]
                case .float64:
                    return [
                        try loops(Double.self, a, b, c, form, sizes) {
                            Double(form.alpha) * $0 + Double(form.beta) * $1
                        } multiply: {
                            $0 + $1 * $2
                        }
                    ]
                case .int32: return [try integers(Int32.self, a, b, c, form, sizes)]
                case .uint32: return [try integers(UInt32.self, a, b, c, form, sizes)]
                case .int64: return [try integers(Int64.self, a, b, c, form, sizes)]
                case .uint64: return [try integers(UInt64.self, a, b, c, form, sizes)]
                default: throw CNNOptError(.unsupported, "element type \(a.elementType.onnxName)")
                }
            }
        }
    }

    private struct Sizes {
        let rows: Int
        let depth: Int
        let columns: Int
        /// C's strides along the product's axes; 0 repeats.
        let bias: [Int]
    }

    private static func sizes(_ a: TensorData, _ b: TensorData, _ c: TensorData?, _ form: Form) throws(CNNOptError)
        -> Sizes
    {
        guard a.shape.count == 2, b.shape.count == 2, a.elementType == b.elementType,
            c?.elementType ?? a.elementType == a.elementType,
            a.shape[form.transA ? 0 : 1] == b.shape[form.transB ? 1 : 0]
        else { throw CNNOptError(.invalidModel, "operands \(a.shape) and \(b.shape) do not fit") }
        let shape = [a.shape[form.transA ? 1 : 0], b.shape[form.transB ? 0 : 1]]
        if let c, try Broadcasting.shape([c.shape, shape]) != shape {
            throw CNNOptError(.invalidModel, "C of shape \(c.shape) does not broadcast to \(shape)")
        }
        return Sizes(
            rows: shape[0],
            depth: a.shape[form.transA ? 0 : 1],
            columns: shape[1],
            bias: Broadcasting.strides(c?.shape ?? [], to: shape)
        )
    }

    private static func floats(
        _ a: TensorData,
        _ b: TensorData,
        _ c: TensorData?,
        _ form: Form,
        _ sizes: Sizes,
        _ threads: Int
    ) throws(CNNOptError) -> TensorData {
        let (rows, depth, columns) = (sizes.rows, sizes.depth, sizes.columns)
        let count = try MatrixProduct.workspaceCount(rows: rows, depth: depth, threads: threads)
        var workspace = try TensorData(zeros: .float32, shape: [count])
        let bias = try c?.array(of: Float.self)
        return try a.withElements(Float.self) { (left) throws(CNNOptError) in
            try b.withElements(Float.self) { (right) throws(CNNOptError) in
                try workspace.withMutableElements(Float.self) { (workspace) throws(CNNOptError) in
                    try TensorData.make(Float.self, shape: [rows, columns]) { (target) throws(CNNOptError) in
                        guard let x = left.baseAddress, let w = right.baseAddress, let y = target.baseAddress,
                            let work = workspace.baseAddress
                        else { return }
                        MatrixProduct.multiply(
                            .init(
                                base: x,
                                rowStride: form.transA ? 1 : depth,
                                columnStride: form.transA ? rows : 1
                            ),
                            .init(
                                base: w,
                                rowStride: form.transB ? 1 : columns,
                                columnStride: form.transB ? depth : 1
                            ),
                            into: y,
                            rows: rows,
                            depth: depth,
                            columns: columns,
                            workspace: work,
                            threads: threads
                        )
                        if form.alpha != 1 { for i in 0..<target.count { y[i] *= form.alpha } }
                        guard let bias else { return }
                        for row in 0..<rows {
                            for column in 0..<columns {
                                y[row * columns + column] +=
                                    form.beta * bias[row * sizes.bias[0] + column * sizes.bias[1]]
                            }
                        }
                    }
                }
            }
        }
    }

    private static func integers<T: TensorScalar & FixedWidthInteger>(
        _ type: T.Type,
        _ a: TensorData,
        _ b: TensorData,
        _ c: TensorData?,
        _ form: Form,
        _ sizes: Sizes
    ) throws(CNNOptError) -> TensorData {
        guard form.alpha == 1, form.beta == 1 else {
            throw CNNOptError(.unsupported, "alpha or beta other than 1 on integers")
        }
        return try loops(type, a, b, c, form, sizes) {
            $0 &+ $1
        } multiply: {
            $0 &+ $1 &* $2
        }
    }

    @inline(__always)
    private static func loops<T: TensorScalar & Numeric>(
        _ type: T.Type,
        _ a: TensorData,
        _ b: TensorData,
        _ c: TensorData?,
        _ form: Form,
        _ sizes: Sizes,
        finish: (T, T) -> T,
        multiply: (T, T, T) -> T
    ) throws(CNNOptError) -> TensorData {
        let (left, right) = (try a.array(of: T.self), try b.array(of: T.self))
        let bias = try c?.array(of: T.self)
        let (rows, depth, columns) = (sizes.rows, sizes.depth, sizes.columns)
        return try TensorData.make(T.self, shape: [rows, columns]) { (target) throws(CNNOptError) in
            for row in 0..<rows {
                for column in 0..<columns {
                    var sum: T = 0
                    for k in 0..<depth {
                        sum = multiply(
                            sum,
                            left[form.transA ? k * rows + row : row * depth + k],
                            right[form.transB ? column * depth + k : k * columns + column]
                        )
                    }
                    target[row * columns + column] = finish(
                        sum,
                        bias?[row * sizes.bias[0] + column * sizes.bias[1]] ?? 0
                    )
                }
            }
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        let form = try Form(site)
        guard let a = site.shape(0), let b = site.shape(1), a.count == 2, b.count == 2 else {
            return .barrier("the rank of an operand is unknown")
        }
        var coupling = ChannelCoupling()
        func link(_ from: ChannelCoupling.Axis, _ dimension: Dimension, _ to: ChannelCoupling.Axis) {
            if let size = dimension.size { coupling.links.append(.init(from, to, count: size)) }
        }
        let (inner, outer) = (form.transB ? 1 : 0, form.transB ? 0 : 1)
        link(.init(.input(1), inner), b[inner], .init(.input(0), form.transA ? 0 : 1))
        link(.init(.input(1), outer), b[outer], .init(.output(0), 1))
        link(.init(.input(0), form.transA ? 1 : 0), a[form.transA ? 1 : 0], .init(.output(0), 0))
        guard site.has(2) else { return coupling }
        guard let c = site.shape(2) else { return .barrier("the rank of C is unknown") }
        let product = [a[form.transA ? 1 : 0], b[outer]]
        for (axis, dimension) in c.enumerated() {
            let target = 2 - c.count + axis
            guard target >= 0, dimension.size == product[target].size else { continue }
            link(.init(.input(2), axis), dimension, .init(.output(0), target))
        }
        return coupling
    }

    static func cost(_ site: OperatorSite) throws(CNNOptError) -> Cost? {
        let form = try Form(site)
        guard let output = site.outputType(0).sizes, let a = site.shape(0), a.count == 2,
            let depth = a[form.transA ? 0 : 1].size, let macs = checkedProduct(output + [depth])
        else { return nil }
        return Cost(macs: macs)
    }

    /// nil where alpha or beta scale the product, or C is not one number for each column.
    static func linearForm(_ site: OperatorSite) throws(CNNOptError) -> LinearForm? {
        let form = try Form(site)
        guard form.alpha == 1, form.beta == 1 else { return nil }
        if site.has(2) {
            let outputs = site.shape(1).flatMap { $0.count == 2 ? $0[form.transB ? 0 : 1].size : nil }
            guard let c = site.type(2).sizes, let outputs, c == [outputs] || c == [1, outputs] else {
                return nil
            }
        }
        return LinearForm(
            weightOutputAxis: form.transB ? 0 : 1,
            weightInputAxis: form.transB ? 1 : 0,
            dataChannelAxis: form.transA ? 0 : 1,
            outputChannelAxis: 1
        )
    }

    static let floats: [ElementType?] = [.float32, .float64, .float16]

    /// Whether a product of matrices of a site has the form for C, and the addend is one number a column.
    static func isColumnwise(_ addend: TensorType, _ site: OperatorSite) -> Bool {
        guard site.shape(0)?.count == 2, site.shape(1)?.count == 2, floats.contains(site.elementType(0)),
            addend.elementType == site.elementType(0), let columns = site.outputType(0).shape?.last?.size,
            let sizes = addend.sizes
        else { return false }
        return sizes == [columns] || sizes == [1, columns]
    }

    static func adding(_ addend: TensorType, _ site: OperatorSite) throws(CNNOptError) -> OperatorRewrite? {
        guard site.opset >= 7, !site.has(2), isColumnwise(addend, site) else { return nil }
        let attributes = site.node.attributes.filter { $0.name != "beta" }
        return OperatorRewrite([.init("Gemm", [.input(0), .input(1), .input(2)], attributes: attributes)])
    }

    static func swappingAxes(ofInput port: Int, _ site: OperatorSite) throws(CNNOptError) -> OperatorRewrite? {
        guard port < 2 else { return nil }
        let form = try Form(site)
        let name = port == 0 ? "transA" : "transB"
        let isSet = port == 0 ? form.transA : form.transB
        return OperatorRewrite([
            .init(
                "Gemm",
                site.inputs.indices.map { site.has($0) ? .input($0) : nil },
                attributes: site.node.attributes.filter { $0.name != name } + [Attribute(name, isSet ? 0 : 1)]
            )
        ])
    }

    /// Operator set 6 broadcasts C by an attribute, and 7 to 10 want C to be there.
    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard site.node.attribute("broadcast") != nil, opset >= 7 else { return nil }
        return OperatorRewrite([
            .init(
                "Gemm",
                site.inputs.indices.map { site.has($0) ? .input($0) : nil },
                attributes: site.node.attributes.filter { $0.name != "broadcast" }
            )
        ])
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        let form = try Form(site)
        return .product(
            transposesLeft: form.transA,
            transposesRight: form.transB,
            alpha: form.alpha,
            beta: form.beta
        )
    }
}
