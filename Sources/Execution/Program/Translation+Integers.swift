import Operators
import Tensors

/// Integers and their scales.
extension Translation {
    mutating func quantization(_ inputs: [Int?], _ outputs: [Int]) throws(CNNOptError) -> Bool {
        guard let x = inputs[0], isFloat(x), [.int8, .uint8].contains(program.elementType(outputs[0])),
            let grid = try grids(outputs[0], inputs[1], inputs.count > 2 ? inputs[2] : nil, nil)?.grid
        else { return false }
        append(.quantization(grid), [x], outputs)
        return true
    }

    /// The grids of a tensor whose scales and zero points are stored.
    func grids(_ tensor: Int, _ scale: Int?, _ zero: Int?, _ axis: Int?) throws(CNNOptError) -> ChannelGrids? {
        guard let type = program.elementType(tensor), [.int8, .uint8, .int32].contains(type), let scale,
            let scales = program.values[scale].constant, scales.elementType == .float32
        else { return nil }
        var zeros = [Int32](repeating: 0, count: scales.count)
        if let zero {
            guard let stored = program.values[zero].constant, stored.count == scales.count else { return nil }
            zeros = try stored.cast(to: .int32).array(of: Int32.self)
        }
        guard scales.count == 1 || axis.map({ program.shape(tensor)[$0] == scales.count }) == true else { return nil }
        return ChannelGrids(
            axis: scales.count == 1 ? nil : axis,
            scales: try scales.array(of: Float.self),
            zeros: zeros,
            elementType: type
        )
    }

    /// Dequantises the operands, computes, and quantises: the rewrites make one integer kernel of it.
    mutating func quantized(
        _ inner: Computation,
        _ operands: [QuantizedPorts],
        _ biasPort: Int?,
        _ result: QuantizedPorts?
    ) throws(CNNOptError) -> Bool {
        func port(_ port: Int?) -> Int? { port.flatMap { inputs.indices.contains($0) ? inputs[$0] : nil } }
        var all: [Int?] = []
        var scales: [[Float]] = []
        for operand in operands {
            guard let tensor = port(operand.tensor),
                let grids = try grids(tensor, port(operand.scale), port(operand.zero), operand.axis)
            else { return false }
            let real = program.add(program.real(like: tensor))
            append(.dequantization(grids), [tensor], [real])
            all.append(real)
            scales.append(grids.scales)
        }
        if let bias = port(biasPort) {
            guard scales.count == 2, scales[0].count == 1, let stored = program.values[bias].constant,
                stored.elementType == .int32
            else { return false }
            let integers = try stored.array(of: Int32.self)
            let reals = integers.indices.map {
                Float(Double(integers[$0]) * Double(scales[0][0]) * Double(scales[1][scales[1].count == 1 ? 0 : $0]))
            }
            all.append(
                program.add(constant: try TensorData(reals, shape: stored.shape), name: program.values[bias].name)
            )
        }
        let start = operations.count
        guard let result else {
            guard try add(inner, all, outputs) else { return false }
            heaviest = max(heaviest, start)
            return true
        }
        guard let output = outputs.first,
            let grid = try grids(output, port(result.scale), port(result.zero), nil)?.grid
        else { return false }
        let real = program.add(program.real(like: output))
        guard try add(inner, all, [real]) else { return false }
        heaviest = max(heaviest, start)
        append(.quantization(grid), [real], [output])
        return true
    }
}
