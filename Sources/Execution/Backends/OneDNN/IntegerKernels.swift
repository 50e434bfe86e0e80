import CKernels
import COneDNN
import Operators
import Tensors

extension PlanBuilder {
    /// A convolution of 8-bit integers, channels last.
    ///
    /// oneDNN's kernel is taken where its sums are exact: on processors whose instructions do not saturate, or where the
    /// weights prove that they cannot. Few channels by themselves are summed in floats, where whole numbers below 2²⁴ are exact.
    /// Everything else runs on the exact kernel of ours.
    mutating func addQuantizedConvolution(
        _ operation: Operation,
        _ form: Convolution,
        _ integers: QuantizedForm
    ) throws(CNNOptError) {
        let values = operation.inputs.compactMap { $0 }
        let weight = try stored(values[1])
        let order = AxisOrder.channelsLast(program.shape(values[0]).count)
        let data = try operand(values[0], order)
        let bound = SaturationBound(weight)
        let isExactHere = onednn_has_exact_int8() != 0
        let job = IntegerConvolution(
            form: form,
            integers: integers,
            weight: weight,
            bias: try values.count > 2 ? program.values[values[2]].constant?.array(of: Float.self) : nil,
            note: bound.note(isExactHere: isExactHere)
        )
        if form.groups == 1, weight.shape[1...].reduce(1, *) >= Self.fewestProducts,
            integers.weightZeros.allSatisfy({ $0 == 0 }), isExactHere || !(integers.data.isSigned || bound.canSaturate),
            let kernel = try libraryConvolution(operation, job, values, order), !kernel.isPlain
        {
            let result = try self.result(operation.outputs[0], order)
            try addLibraryConvolution(operation, job, kernel, data, result, order)
        } else if form.groups > 1, form.groups <= Self.fewGroups, try job.isExactInFloats() {
            try addFloatConvolution(operation, job, values[0])
        } else {
            let result = try self.result(operation.outputs[0], order)
            try addExactConvolution(operation, job, values, data, result, order)
        }
    }

    /// Products in a sum below which oneDNN's kernel, which takes four channels at a time, is mostly padding.
    private static let fewestProducts = 8
    /// Groups below which our kernel, which takes sixteen channels at a time, leaves most of its time to what is around the
    /// sums.
    private static let fewGroups = 32

    /// Steps of data and weights as floats, whose sums are exact, and those brought to the result's grid.
    private mutating func addFloatConvolution(
        _ operation: Operation,
        _ job: IntegerConvolution,
        _ data: Int
    ) throws(CNNOptError) {
        let output = operation.outputs[0]
        let steps = addValue(program.real(like: data))
        let sums = addValue(program.real(like: output))
        let scaled = job.integers.result == nil ? output : addValue(program.real(like: output))
        let grids = ChannelGrids(
            axis: 0,
            scales: [Float](repeating: 1, count: job.integers.weightZeros.count),
            zeros: job.integers.weightZeros,
            elementType: .int8
        )
        let weight = try job.weight.dequantized(grids)
        let type = Program.StaticType(elementType: .float32, shape: weight.shape)
        let stored = addValue(Program.Value(name: program.values[data].name, type: type, constant: weight))
        func part(_ kind: Operation.Kind, _ inputs: [Int], _ output: Int) -> Operation {
            var part = operation
            if case .convolution = kind {} else { part.macs = 0 }
            (part.kind, part.inputs, part.outputs) = (kind, inputs, [output])
            return part
        }
        let unit = job.integers.data
        let centre = ChannelGrids(Grid(scale: 1, zero: unit.zero, isSigned: unit.isSigned))
        try addDequantization(part(.dequantization(centre), [data], steps), centre)
        var form = job.form
        (form.quantization, form.hasBias) = (nil, false)
        try addConvolution(part(.convolution(form), [steps, stored], sums), form)
        let affine = Affine(axis: 1, scale: job.multipliers, shift: job.offsets, clamp: job.clamp)
        try addAffine(part(.affine(affine), [sums], scaled), affine)
        if let result = job.integers.result {
            let grid = Grid(scale: 1, zero: result.zero, isSigned: result.isSigned)
            try addQuantization(part(.quantization(grid), [scaled], output), grid)
        }
    }

    private func libraryConvolution(
        _ operation: Operation,
        _ job: IntegerConvolution,
        _ values: [Int],
        _ order: AxisOrder
    ) throws(CNNOptError) -> OneDNNKernel? {
        let source = try layout(values[0], order)
        let target = try layout(operation.outputs[0], order)
        let sizes = job.weight.shape
        let weights = try OneDNNLayout(sizes, ONEDNN_INT8, strides: nil)
        let bias = job.bias == nil ? nil : try OneDNNLayout([sizes[0]], ONEDNN_FLOAT, strides: [1])
        let clamp = job.clamp
        return job.multipliers.withUnsafeBufferPointer { scales in
            var attributes = onednn_attributes()
            attributes.scales = scales.baseAddress
            attributes.scale_count = Int32(scales.count)
            attributes.source_zero = job.integers.data.zero
            attributes.result_zero = job.integers.result?.zero ?? 0
            if clamp != .none {
                var operation = onednn_post_operation()
                operation.function = ONEDNN_CLIP
                operation.alpha = max(clamp.low, -.greatestFiniteMagnitude)
                operation.beta = min(clamp.high, .greatestFiniteMagnitude)
                attributes.append(operation)
            }
            return try? OneDNNKernel(
                convolution: job.form,
                source: source,
                weights: weights,
                bias: bias,
                result: target,
                attributes
            )
        }
    }

    private mutating func addLibraryConvolution(
        _ operation: Operation,
        _ job: IntegerConvolution,
        _ kernel: OneDNNKernel,
        _ data: Int,
        _ result: Int,
        _ order: AxisOrder
    ) throws(CNNOptError) {
        let shape = job.weight.shape
        let plain = try OneDNNLayout(shape, ONEDNN_INT8, strides: AxisOrder.rowMajor(shape.count).strides(shape))
        let weights = try addReordered(job.weight, plain, kernel.layout(ONEDNN_WEIGHTS))
        var bindings = [
            OneDNNBinding(role: ONEDNN_SOURCE, buffer: data), OneDNNBinding(role: ONEDNN_WEIGHTS, buffer: weights),
            OneDNNBinding(role: ONEDNN_RESULT, buffer: result),
        ]
        if job.bias != nil {
            // Before version 3 the bias is scaled with the sums.
            let numbers = onednn_scales_bias() != 0 ? zip(job.offsets, job.multipliers).map { $0 / $1 } : job.offsets
            bindings.append(OneDNNBinding(role: ONEDNN_BIAS, buffer: try addStored(TensorData(numbers))))
        }
        addLibrary(operation, kernel, order: order, bindings, note: job.note)
    }

    private mutating func addExactConvolution(
        _ operation: Operation,
        _ job: IntegerConvolution,
        _ values: [Int],
        _ data: Int,
        _ result: Int,
        _ order: AxisOrder
    ) throws(CNNOptError) {
        let form = try job.exactForm(batch: program.shape(values[0])[0])
        var zeros = job.integers.weightZeros.map { Int8(truncatingIfNeeded: $0) }
        if zeros.count == 1 { zeros = [Int8](repeating: zeros[0], count: job.weight.shape[0]) }
        let hasZeros = zeros.contains { $0 != 0 }
        let packed = try withUnsafePointer(to: form) { (form) throws(CNNOptError) in
            try TensorStorage.allocate(byteCount: ck_convolution_packed_size(form))
        }
        try job.weight.withElements(Int8.self) { (weights) throws(CNNOptError) in
            zeros.withUnsafeBufferPointer { zeros in
                withUnsafePointer(to: form) {
                    ck_convolution_pack($0, weights.baseAddress, hasZeros ? zeros.baseAddress : nil, packed.base)
                }
            }
        }
        let weights = addBuffer(packed.byteCount, .stored(packed))
        let multipliers = try addStored(TensorData(job.multipliers))
        let offsets = try addStored(TensorData(job.offsets))
        let clamp = job.clamp
        let reads = [data, weights, multipliers, offsets]
        addKernel(operation, "exact int8", order: order, reads: reads, writes: [result], note: job.note) {
            table,
            threads in
            withUnsafePointer(to: form) {
                ck_convolution_run(
                    $0,
                    table[data],
                    table[weights],
                    table[multipliers].assumingMemoryBound(to: Float.self),
                    table[offsets].assumingMemoryBound(to: Float.self),
                    table[result],
                    clamp.low,
                    clamp.high,
                    threads
                )
            }
        }
    }

    /// The product of rows of integers with a stored matrix: a convolution of images of one pixel.
    mutating func addQuantizedDense(_ operation: Operation, _ integers: QuantizedForm) throws(CNNOptError) {
        let values = operation.inputs.compactMap { $0 }
        let weight = try stored(values[1])
        let shape = program.shape(values[0])
        let rows = shape.dropLast().reduce(1, *)
        let data = try operand(values[0], .rowMajor(shape.count))
        let output = operation.outputs[0]
        let type = try type(output)
        // The same memory seen as an image.
        let image = addValue(view(of: values[0], [rows, weight.shape[1], 1, 1]))
        let flat = addValue(view(of: output, [rows, weight.shape[0], 1, 1]))
        let wide = try weight.reshaped(weight.shape + [1, 1])
        let type4 = Program.StaticType(elementType: .int8, shape: wide.shape)
        let stored = addValue(Program.Value(name: program.values[values[1]].name, type: type4, constant: wide))
        place(image, Placement(buffer: data, order: .rowMajor(4)))
        let pixel = try Windows(covering: 1).axes([1])
        let form = Convolution(axes: pixel + pixel, groups: 1, isTransposed: false, hasBias: values.count > 2)
        var inner = operation
        inner.inputs = [image, stored] + Array(values.dropFirst(2))
        inner.outputs = [flat]
        try addQuantizedConvolution(inner, form, integers)
        let order = AxisOrder.rowMajor(type.shape.count)
        place(output, Placement(buffer: try operand(flat, .rowMajor(4)), order: order))
    }

    private func view(of value: Int, _ shape: [Int]) -> Program.Value {
        Program.Value(
            name: program.values[value].name,
            type: program.values[value].type.map { Program.StaticType(elementType: $0.elementType, shape: shape) }
        )
    }

    mutating func addQuantization(_ operation: Operation, _ grid: Grid) throws(CNNOptError) {
        guard let value = operation.inputs[0] else { return }
        let order = order(value)
        let (data, count, grid) = (try operand(value, order), Int64(try type(value).count), ck_grid(grid))
        let result = try result(operation.outputs[0], order)
        addKernel(operation, "quantize", order: order, reads: [data], writes: [result]) { table, threads in
            ck_quantize(table[data].assumingMemoryBound(to: Float.self), table[result], count, grid, threads)
        }
    }

    mutating func addDequantization(_ operation: Operation, _ grids: ChannelGrids) throws(CNNOptError) {
        guard let value = operation.inputs[0], let grid = grids.grid else {
            throw CNNOptError(.internalFault, "a tensor of several grids")
        }
        let order = order(value)
        let (data, count, ckGrid) = (try operand(value, order), Int64(try type(value).count), ck_grid(grid))
        let result = try result(operation.outputs[0], order)
        addKernel(operation, "dequantize", order: order, reads: [data], writes: [result]) { table, threads in
            ck_dequantize(table[data], table[result].assumingMemoryBound(to: Float.self), count, ckGrid, threads)
        }
    }

    /// Each integer is looked up, in place where nothing else needs the operand.
    mutating func addTable(_ operation: Operation, _ entries: [UInt8]) throws(CNNOptError) {
        guard let value = operation.inputs[0] else { return }
        let order = order(value)
        let (data, count) = (try operand(value, order), Int64(try type(value).count))
        let result = try result(operation.outputs[0], over: data, order)
        addKernel(operation, "table", order: order, reads: [data], writes: [result]) { table, threads in
            ck_table(
                table[data].assumingMemoryBound(to: UInt8.self),
                table[result].assumingMemoryBound(to: UInt8.self),
                count,
                entries,
                threads
            )
        }
    }
}

extension ck_grid {
    init(_ grid: Grid) { self.init(scale: grid.scale, zero: grid.zero, is_signed: grid.isSigned ? 1 : 0) }
}
