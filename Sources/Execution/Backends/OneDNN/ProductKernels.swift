import COneDNN
import Operators
import Tensors

extension PlanBuilder {
    /// Rows times a stored matrix.
    mutating func addDense(_ operation: Operation, _ form: Dense) throws(CNNOptError) {
        let values = operation.inputs.compactMap { $0 }
        let tensor = try stored(values[1])
        let (columns, depth) = (tensor.shape[0], tensor.shape[1])
        let rank = program.shape(values[0]).count
        let rows = program.shape(values[0]).dropLast().reduce(1, *)
        let order = AxisOrder.rowMajor(rank)
        let data = try operand(values[0], order)
        let source = try OneDNNLayout([rows, depth], ONEDNN_FLOAT, strides: [depth, 1])
        let target = try OneDNNLayout([rows, columns], ONEDNN_FLOAT, strides: [columns, 1])
        let weights = try OneDNNLayout([columns, depth], ONEDNN_FLOAT, strides: nil)
        let bias = form.hasBias ? try OneDNNLayout([columns], ONEDNN_FLOAT, strides: [1]) : nil
        func make(_ steps: [EpilogueStep]) throws(CNNOptError) -> OneDNNKernel {
            var attributes = onednn_attributes()
            for case .function(let function) in steps { function.oneDNN.forEach { attributes.append($0) } }
            return try OneDNNKernel { handle in
                onednn_inner_product(&handle, source.handle, weights.handle, bias?.handle, target.handle, &attributes)
            }
        }
        var kernel = try? make(form.epilogue)
        let isFused = form.epilogue.isEmpty || kernel.map { !$0.isPlain } ?? false
        if !isFused || kernel == nil { kernel = try make([]) }
        guard let kernel else { return }
        let result = isFused ? operation.outputs[0] : temporary(like: operation.outputs[0])
        let plain = try OneDNNLayout([columns, depth], ONEDNN_FLOAT, strides: [depth, 1])
        let stored = try addReordered(tensor, plain, kernel.layout(ONEDNN_WEIGHTS))
        var bindings = [
            OneDNNBinding(role: ONEDNN_SOURCE, buffer: data), OneDNNBinding(role: ONEDNN_WEIGHTS, buffer: stored),
            OneDNNBinding(role: ONEDNN_RESULT, buffer: try self.result(result, order)),
        ]
        if form.hasBias {
            bindings.append(
                OneDNNBinding(
                    role: ONEDNN_BIAS,
                    buffer: try operand(values[2], .rowMajor(program.shape(values[2]).count))
                )
            )
        }
        addLibrary(operation, kernel, order: order, bindings)
        if !isFused { try addUnfused(form.epilogue, [], from: result, operation) }
    }

    /// The product of two computed matrices, or of stacks of them.
    mutating func addProduct(_ operation: Operation) throws(CNNOptError) {
        let values = operation.inputs.compactMap { $0 }
        let order = AxisOrder.rowMajor(program.shape(values[0]).count)
        let (a, b) = (try operand(values[0], order), try operand(values[1], order))
        let (source, weights) = (try layout(values[0], order), try layout(values[1], order))
        let target = try layout(operation.outputs[0], order)
        var attributes = onednn_attributes()
        let kernel = try OneDNNKernel { handle in
            onednn_matmul(&handle, source.handle, weights.handle, nil, target.handle, &attributes)
        }
        let result = try result(operation.outputs[0], order)
        addLibrary(
            operation,
            kernel,
            order: order,
            [
                OneDNNBinding(role: ONEDNN_SOURCE, buffer: a), OneDNNBinding(role: ONEDNN_WEIGHTS, buffer: b),
                OneDNNBinding(role: ONEDNN_RESULT, buffer: result),
            ]
        )
    }
}
