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

    /// The product of two matrices that are not both known, or of stacks of them.
    mutating func addProduct(_ operation: Operation, _ form: Product) throws(CNNOptError) {
        let values = operation.inputs.compactMap { $0 }
        let output = operation.outputs[0]
        let shapes = (values + [output]).map { program.shape($0) }
        let layouts = try form.layouts(shapes[0], shapes[1], shapes[2])
        var attributes = onednn_attributes()
        if form.alpha != 1 {
            var factor = onednn_post_operation()
            (factor.function, factor.alpha) = (ONEDNN_LINEAR, form.alpha)
            attributes.append(factor)
        }
        let kernel = try OneDNNKernel { handle in
            onednn_matmul(&handle, layouts[0].handle, layouts[1].handle, nil, layouts[2].handle, &attributes)
        }
        // The operators' own loops are faster than the library's plain ones.
        guard !kernel.isPlain else { throw OneDNNKernel.failure(ONEDNN_UNIMPLEMENTED) }
        let order = AxisOrder.rowMajor(shapes[2].count)
        let a = try operand(values[0], .rowMajor(shapes[0].count))
        let b = try operand(values[1], .rowMajor(shapes[1].count))
        let result = try result(output, order)
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

extension Product {
    /// Layouts of the operands and the result as stacks of matrices of one rank: exchanged axes are strides.
    fileprivate func layouts(_ a: [Int], _ b: [Int], _ result: [Int]) throws(CNNOptError) -> [OneDNNLayout] {
        let (left, right) = (matrix(left: a), matrix(right: b))
        let batch = Array(result.dropLast((a.count > 1 ? 1 : 0) + (b.count > 1 ? 1 : 0)))
        var stacks = [Array(a.dropLast(2)), Array(b.dropLast(2)), batch].map {
            [Int](repeating: 1, count: batch.count - $0.count) + $0
        }
        var rows = left.rows
        if !transposesLeft, stacks[0] == batch, stacks[1].allSatisfy({ $0 == 1 }) {
            // One matrix for all: the stack on the left is one long matrix.
            rows *= batch.reduce(1, *)
            stacks = [[], [], []]
        }
        func layout(_ stack: [Int], _ rows: Int, _ columns: Int, _ isTransposed: Bool) throws(CNNOptError)
            -> OneDNNLayout
        {
            var strides = rowMajorStrides(stack + [rows, columns])
            if isTransposed { strides.replaceSubrange(stack.count..., with: [1, rows]) }
            return try OneDNNLayout(stack + [rows, columns], ONEDNN_FLOAT, strides: strides)
        }
        return [
            try layout(stacks[0], rows, left.columns, transposesLeft),
            try layout(stacks[1], right.rows, right.columns, transposesRight),
            try layout(stacks[2], rows, right.columns, false),
        ]
    }
}
