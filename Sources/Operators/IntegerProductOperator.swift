import GraphIR
import Tensors

/// A matrix product of 8-bit integers, summed in 32 bits.
protocol IntegerProductOperator: Operator {
    /// The ports of both matrices.
    static var matrixPorts: (Int, Int) { get }
    /// The ports of their zero points.
    static var zeroPorts: (Int, Int) { get }
    static func outputType(_ site: OperatorSite) -> ElementType?
    /// What is made of the sums at run time.
    static func finish(_ sums: TensorData, _ inputs: [TensorData?]) throws(CNNOptError) -> TensorData
}

extension IntegerProductOperator {
    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let type = outputType(site)
        guard let a = site.shape(matrixPorts.0), let b = site.shape(matrixPorts.1) else {
            return [TensorType(type, nil)]
        }
        return [TensorType(type, try MatMul.outputShape(site, a, b))]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let (a, b) = (try inputs.required(matrixPorts.0), try inputs.required(matrixPorts.1))
            let (zeroA, zeroB) = (inputs.optional(zeroPorts.0), inputs.optional(zeroPorts.1))
            // A vector of zero points belongs to the rows of the left matrix and to the columns of the right one.
            let rows = zeroA.flatMap { $0.shape.count == 1 && a.shape.count > 1 ? $0.shape + [1] : nil }
            let left = try QuantizedOperand.centred(a, zeroA, zeroShape: rows, threads: threads)
            let right = try QuantizedOperand.centred(b, zeroB, threads: threads)
            return [try finish(BatchedProduct(left, right).run(threads: threads), inputs)]
        }
    }

    static func cost(_ site: OperatorSite) throws(CNNOptError) -> Cost? {
        guard let output = site.outputType(0).sizes, let depth = site.shape(matrixPorts.0)?.last?.size,
            let macs = checkedProduct(output + [depth])
        else { return nil }
        return Cost(macs: macs)
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its operands are quantised")
    }
}

extension MatMul {
    /// The output's shape for operands of known rank.
    /// - Throws: `invalidModel` where they do not fit.
    static func outputShape(_ site: OperatorSite, _ a: Shape, _ b: Shape) throws(CNNOptError) -> Shape? {
        guard let left = a.last, let right = b.count == 1 ? b.first : b.dropLast().last else {
            throw site.failure(.invalidModel, "an operand is a scalar")
        }
        if let x = left.size, let y = right.size, x != y {
            throw site.failure(.invalidModel, "inner dimensions \(x) and \(y) differ")
        }
        let batch = try Broadcasting.shape([Shape(a.dropLast(2)), Shape(b.dropLast(2))])
        return batch.map { $0 + (a.count > 1 ? [a[a.count - 2]] : []) + (b.count > 1 ? [b[b.count - 1]] : []) }
    }
}
