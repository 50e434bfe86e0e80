import COneDNN
import Operators
import Tensors

extension PlanBuilder {
    /// A convolution of real numbers, channels last, with its epilogue where oneDNN has a fast kernel for it.
    mutating func addConvolution(_ operation: Operation, _ form: Convolution) throws(CNNOptError) {
        if try addBlockedConvolution(operation, form) { return }
        var values = operation.inputs.compactMap { $0 }
        let order = AxisOrder.channelsLast(program.shape(values[0]).count)
        var form = form
        if let padded = try withPaddedData(operation, form, order) { (form, values[0]) = padded }
        let data = try operand(values[0], order)
        let operands = Array(values[(form.hasBias ? 3 : 2)...])
        let fused = try epilogue(form.epilogue, operands, result: operation.outputs[0], order, reserved: data)
        let whole = try? convolution(form, values, operation.outputs[0], order, fused.attributes)
        withExtendedLifetime(fused.layouts) {}
        // oneDNN's convolutions by matrix products add wrong numbers where channels come last (2.6.3).
        let isTrusted = whole.map { !$0.isPlain && !($0.isProduct && form.epilogue.contains(.addition)) } ?? false
        let isFused = form.epilogue.isEmpty || isTrusted
        let kernel: OneDNNKernel =
            if isFused, let whole {
                whole
            } else {
                try convolution(form, values, operation.outputs[0], order, onednn_attributes())
            }
        var bindings = isFused ? fused.bindings : []
        let sum = isFused ? fused.sum : nil
        let target = isFused ? operation.outputs[0] : temporary(like: operation.outputs[0])
        let weights = try weights(values[1], form, kernel)
        let result: Int
        if let sum {
            place(target, Placement(buffer: sum, order: order))
            result = sum
        } else {
            result = try self.result(target, order)
        }
        bindings += [
            OneDNNBinding(role: ONEDNN_SOURCE, buffer: data), OneDNNBinding(role: ONEDNN_WEIGHTS, buffer: weights),
            OneDNNBinding(role: ONEDNN_RESULT, buffer: result),
        ]
        if form.hasBias {
            bindings.append(OneDNNBinding(role: ONEDNN_BIAS, buffer: try operand(values[2], .rowMajor(1))))
        }
        addLibrary(operation, kernel, order: order, bindings)
        if !isFused { try addUnfused(form.epilogue, operands, from: target, operation) }
    }

    /// The convolution without padding, of data that were padded before: where the padding keeps oneDNN from its fast kernels,
    /// as it does with wide dilations.
    private mutating func withPaddedData(
        _ operation: Operation,
        _ form: Convolution,
        _ order: AxisOrder
    ) throws(CNNOptError) -> (Convolution, Int)? {
        let values = operation.inputs.compactMap { $0 }
        guard !form.isTransposed, form.axes.contains(where: { $0.dilation > 1 && $0.padBegin + $0.padEnd > 0 }),
            let usual = try? convolution(form, values, operation.outputs[0], order, onednn_attributes()),
            usual.isPlain || usual.isProduct
        else { return nil }
        var wide = form
        var shape = program.shape(values[0])
        var padding = [AxisPadding](repeating: AxisPadding(front: 0, back: 0), count: 2)
        for (index, axis) in form.axes.enumerated() {
            padding.append(AxisPadding(front: axis.padBegin, back: axis.padEnd))
            wide.axes[index].input += axis.padBegin + axis.padEnd
            (wide.axes[index].padBegin, wide.axes[index].padEnd) = (0, 0)
            shape[index + 2] = wide.axes[index].input
        }
        let padded = addValue(
            Program.Value(
                name: program.values[values[0]].name,
                type: Program.StaticType(elementType: .float32, shape: shape)
            )
        )
        _ = try operand(values[0], order)
        try addZeroPadding(
            Operation(
                kind: .zeroPadding(padding),
                inputs: [values[0]],
                outputs: [padded],
                nodes: operation.nodes,
                names: operation.names,
                operators: ["Pad"]
            ),
            padding,
            order
        )
        return (wide, padded)
    }

    private func convolution(
        _ form: Convolution,
        _ values: [Int],
        _ output: Int,
        _ order: AxisOrder,
        _ attributes: onednn_attributes
    ) throws(CNNOptError) -> OneDNNKernel {
        let source = try layout(values[0], order)
        let target = try layout(output, order)
        let weights = try OneDNNLayout(form.weightSizes(program.shape(values[1])), ONEDNN_FLOAT, strides: nil)
        let bias = form.hasBias ? try layout(values[2], .rowMajor(1)) : nil
        return try OneDNNKernel(
            convolution: form,
            source: source,
            weights: weights,
            bias: bias,
            result: target,
            attributes
        )
    }

    /// The weight in the layout that the kernel wants.
    private mutating func weights(_ value: Int, _ form: Convolution, _ kernel: OneDNNKernel) throws(CNNOptError) -> Int
    {
        let tensor = try stored(value)
        let (sizes, strides) = form.weightForm(tensor.shape)
        return try addReordered(
            tensor,
            OneDNNLayout(sizes, ONEDNN_FLOAT, strides: strides),
            kernel.layout(ONEDNN_WEIGHTS)
        )
    }

    /// A buffer with a stored tensor in another layout.
    mutating func addReordered(_ tensor: TensorData, _ from: OneDNNLayout, _ to: OneDNNLayout) throws(CNNOptError)
        -> Int
    {
        if from.isEqual(to: to) { return try addStored(tensor) }
        guard let source = tensor.storage else { throw CNNOptError(.internalFault, "a weight of strings") }
        let storage = try TensorStorage.allocate(byteCount: to.byteCount, zeroed: false)
        let reorder = try OneDNNKernel { onednn_reorder(&$0, from.handle, to.handle) }
        try reorder.run([(ONEDNN_SOURCE, source.base), (ONEDNN_RESULT, storage.base)])
        return addBuffer(storage.byteCount, .stored(storage))
    }
}

extension Convolution {
    /// oneDNN's sizes of a weight: groups (where there are more than one), output channels, input channels, kernel.
    func weightSizes(_ shape: [Int]) -> [Int] { weightForm(shape).sizes }

    /// The sizes, and the strides of a weight that lies as ONNX has it.
    func weightForm(_ shape: [Int]) -> (sizes: [Int], strides: [Int]) {
        let kernel = Array(shape[2...])
        let taps = kernel.reduce(1, *)
        var spatial: [Int] = []
        for index in kernel.indices { spatial.append(kernel[(index + 1)...].reduce(1, *)) }
        let sizes: [Int]
        let strides: [Int]
        if isTransposed {
            let (inputs, outputs) = (shape[0] / groups, shape[1])
            sizes = [groups, outputs, inputs] + kernel
            strides = [inputs * outputs * taps, taps, outputs * taps] + spatial
        } else {
            let (outputs, inputs) = (shape[0] / groups, shape[1])
            sizes = [groups, outputs, inputs] + kernel
            strides = [outputs * inputs * taps, inputs * taps, taps] + spatial
        }
        return groups > 1 ? (sizes, strides) : (Array(sizes.dropFirst()), Array(strides.dropFirst()))
    }
}
