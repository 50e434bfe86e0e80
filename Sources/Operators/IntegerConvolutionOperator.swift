import GraphIR
import Tensors

/// A convolution of 8-bit integers, summed in 32 bits.
protocol IntegerConvolutionOperator: Operator {
    /// The ports of data and weight.
    static var operandPorts: (Int, Int) { get }
    /// The ports of their zero points.
    static var zeroPorts: (Int, Int) { get }
    static var biasPort: Int? { get }
    static func outputType(_ site: OperatorSite) -> ElementType?
    /// What is made of the sums at run time.
    static func finish(_ sums: TensorData, _ inputs: [TensorData?]) throws(CNNOptError) -> TensorData
}

extension IntegerConvolutionOperator {
    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let plain = try Conv.inferTypes(asConvolution(site))
        return [TensorType(outputType(site), plain.first?.shape)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let windows = try Windows(site)
        let group = try Conv.group(site)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let (x, w) = (try inputs.required(operandPorts.0), try inputs.required(operandPorts.1))
            let (zeroX, zeroW) = (inputs.optional(zeroPorts.0), inputs.optional(zeroPorts.1))
            guard zeroX?.count ?? 1 == 1, w.shape.count >= 3, zeroW.map({ [1, w.shape[0]].contains($0.count) }) ?? true
            else { throw CNNOptError(.invalidModel, "a zero point does not fit its tensor") }
            // Zero points of the weight belong to the output channels.
            let perChannel = [w.shape[0]] + [Int](repeating: 1, count: w.shape.count - 1)
            let left = try QuantizedOperand.centred(x, zeroX, threads: threads)
            let right = try QuantizedOperand.centred(w, zeroW, zeroShape: perChannel, threads: threads)
            let bias = biasPort.flatMap { inputs.optional($0) }
            let geometry = try Conv.geometry(left, right, bias, windows, group)
            return [try finish(IntegerConvolution.run(left, right, bias, geometry, threads: threads), inputs)]
        }
    }

    static func cost(_ site: OperatorSite) throws(CNNOptError) -> Cost? {
        guard let output = site.outputType(0).sizes, let weight = site.type(operandPorts.1).sizes, weight.count >= 2,
            let macs = checkedProduct(output + weight[1...])
        else { return nil }
        return Cost(macs: macs)
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its operands are quantised")
    }

    /// The site with data and weight where ``Conv`` has them.
    private static func asConvolution(_ site: OperatorSite) -> OperatorSite {
        OperatorSite(
            node: site.node,
            name: site.name,
            opset: site.opset,
            inputs: [site.input(operandPorts.0), site.input(operandPorts.1)]
        )
    }
}
