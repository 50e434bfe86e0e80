import GraphIR
import Tensors

/// alpha · A' · B' + C of 8-bit matrices, each followed by its scale and zero point; C is in 32 bits and has the product's scale.
/// With a scale and a zero point behind C the result is quantised again, else it is of floats.
enum QGemm: Operator {
    static let schema = OperatorSchema("QGemm", domain: "com.microsoft", versions: [1], inputs: 6...9)

    private struct Form: Sendable {
        let transA: Bool
        let transB: Bool
        let alpha: Float

        init(_ site: OperatorSite) throws(CNNOptError) {
            transA = try site.int("transA", default: 0) != 0
            transB = try site.int("transB", default: 0) != 0
            alpha = try site.float("alpha", default: 1)
        }
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        guard site.has(7) == site.has(8) else {
            throw site.failure(.invalidModel, "the result has a scale or a zero point, but not both")
        }
        let plain = try Gemm.inferTypes(site.plain([site.input(0), site.input(3)], opset: 13))
        return [TensorType(site.has(8) ? site.elementType(8) : .float32, plain.first?.shape)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let form = try Form(site)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let sums = try sums(inputs, form, threads)
            let left = try QuantizedOperand.scalar(inputs.required(1))
            let right = try inputs.required(4)
            guard right.elementType.isFloat, right.count == 1 || right.count == sums.shape[1] else {
                throw CNNOptError(.invalidModel, "scales of shape \(right.shape) for \(sums.shape[1]) columns")
            }
            let scales = try right.doubles().map { form.alpha * left * Float($0) }
            guard let zero = inputs.optional(8) else { return [try floats(sums, scales)] }
            let result = try QuantizedOperand.scalar(inputs.required(7))
            return [try Requantization(scales: scales.map { $0 / result }, zero: zero).run(sums, inner: 1)]
        }
    }

    /// A' · B' + C in 32 bits, zero points taken off.
    private static func sums(_ inputs: [TensorData?], _ form: Form, _ threads: Int) throws(CNNOptError) -> TensorData {
        let (a, b) = (try inputs.required(0), try inputs.required(3))
        let (zeroA, zeroB) = (try inputs.required(2), try inputs.required(5))
        guard a.shape.count == 2, b.shape.count == 2, zeroA.count == 1 else {
            throw CNNOptError(.invalidModel, "operands \(a.shape) and \(b.shape), zero points \(zeroA.shape)")
        }
        // Zero points of B belong to the columns of the product.
        let perColumn = form.transB ? [zeroB.count, 1] : [zeroB.count]
        let left = try QuantizedOperand.centred(a, zeroA, threads: threads)
        let right = try QuantizedOperand.centred(b, zeroB, zeroShape: perColumn, threads: threads)
        let product = try BatchedProduct(
            form.transA ? transposed(left, threads) : left,
            form.transB ? transposed(right, threads) : right
        ).run(threads: threads)
        guard let c = inputs.optional(6) else { return product }
        guard c.elementType == .int32, try Broadcasting.shape([c.shape, product.shape]) == product.shape else {
            throw CNNOptError(
                .invalidModel,
                "C, \(c.elementType.onnxName) of shape \(c.shape), does not fit a product of shape \(product.shape)"
            )
        }
        let add = BinaryFunction(integer: { (a, b) throws(CNNOptError) in a &+ b })
        return try add.apply(product, c, threads: threads)
    }

    private static func transposed(_ matrix: TensorData, _ threads: Int) throws(CNNOptError) -> TensorData {
        try IndexedCopy(matrix.shape, permutation: [1, 0]).run(matrix, threads: threads)
    }

    private static func floats(_ sums: TensorData, _ scales: [Float]) throws(CNNOptError) -> TensorData {
        try sums.withElements(Int32.self) { (source) throws(CNNOptError) in
            try TensorData.make(Float.self, shape: sums.shape) { (target) throws(CNNOptError) in
                for i in source.indices { target[i] = Float(source[i]) * scales[i % scales.count] }
            }
        }
    }

    static func cost(_ site: OperatorSite) throws(CNNOptError) -> Cost? {
        let transA = try Form(site).transA
        guard let output = site.outputType(0).sizes, let a = site.shape(0), a.count == 2,
            let depth = a[transA ? 0 : 1].size, let macs = checkedProduct(output + [depth])
        else { return nil }
        return Cost(macs: macs)
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its operands are quantised")
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        let form = try Form(site)
        return .quantized(
            .product(transposesLeft: form.transA, transposesRight: form.transB, alpha: form.alpha),
            operands: [
                QuantizedPorts(tensor: 0, scale: 1, zero: 2),
                QuantizedPorts(tensor: 3, scale: 4, zero: 5, axis: form.transB ? 0 : 1),
            ],
            biasPort: 6,
            result: site.has(8) ? QuantizedPorts(tensor: 0, scale: 7, zero: 8) : nil
        )
    }
}
