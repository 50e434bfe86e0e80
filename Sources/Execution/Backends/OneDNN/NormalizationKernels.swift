import CKernels
import COneDNN
import Operators
import Tensors

extension PlanBuilder {
    /// Runs of elements as rows of the library's layer normalisation. Channels are scaled and shifted by a kernel of ours in place.
    mutating func addNormalization(_ operation: Operation, _ form: Normalization) throws(CNNOptError) {
        let values = operation.inputs.compactMap { $0 }
        let shape = program.shape(values[0])
        let order = AxisOrder.rowMajor(shape.count)
        let rows = try type(values[0]).count / form.length
        let layout = try OneDNNLayout([rows, form.length], ONEDNN_FLOAT, strides: [form.length, 1])
        let statistics = try OneDNNLayout([rows], ONEDNN_FLOAT, strides: [1])
        var numbers = onednn_normalization(
            epsilon: form.epsilon,
            has_scale: 0,
            has_shift: 0,
            has_statistics: 0,
            is_training: 0
        )
        var attributes = onednn_attributes()
        let kernel = try OneDNNKernel { handle in
            onednn_layer_normalization(&handle, layout.handle, statistics.handle, &numbers, &attributes)
        }
        let data = try operand(values[0], order)
        let parameters = try values.dropFirst().map { (value) throws(CNNOptError) in
            try operand(value, .rowMajor(program.shape(value).count))
        }
        let result = try result(operation.outputs[0], order)
        addLibrary(operation, kernel, order: order, from: data, to: result)
        let (scale, shift) = (parameters[0], parameters[1])
        let (batch, channels, inner) = (shape[0], shape[1], shape[2...].reduce(1, *))
        addKernel(operation, "scale", order: order, reads: [result, scale, shift], writes: [result]) { table, threads in
            ck_affine_f32(
                table[result].assumingMemoryBound(to: Float.self),
                table[scale].assumingMemoryBound(to: Float.self),
                table[shift].assumingMemoryBound(to: Float.self),
                table[result].assumingMemoryBound(to: Float.self),
                Int64(batch),
                Int64(channels),
                Int64(inner),
                -.infinity,
                .infinity,
                threads
            )
        }
    }

    /// Channels normalised by statistics that are computed elsewhere.
    mutating func addBatchNormalization(_ operation: Operation, _ epsilon: Float) throws(CNNOptError) {
        let values = operation.inputs.compactMap { $0 }
        let order = plainOrder(values[0])
        let layout = try layout(values[0], order)
        var form = onednn_normalization(
            epsilon: epsilon,
            has_scale: 1,
            has_shift: 1,
            has_statistics: 1,
            is_training: 0
        )
        var attributes = onednn_attributes()
        let kernel = try OneDNNKernel { handle in
            onednn_batch_normalization(&handle, layout.handle, &form, &attributes)
        }
        var bindings: [OneDNNBinding] = []
        let roles = [ONEDNN_SOURCE, ONEDNN_SCALE, ONEDNN_SHIFT, ONEDNN_MEAN, ONEDNN_VARIANCE]
        for (role, value) in zip(roles, values) {
            let buffer = try operand(value, role == ONEDNN_SOURCE ? order : .rowMajor(1))
            bindings.append(OneDNNBinding(role: role, buffer: buffer))
        }
        bindings.append(OneDNNBinding(role: ONEDNN_RESULT, buffer: try result(operation.outputs[0], order)))
        addLibrary(operation, kernel, order: order, bindings)
    }

    /// Channels divided by a power of the squares around them.
    mutating func addLocalResponse(_ operation: Operation, _ form: LocalResponse) throws(CNNOptError) {
        guard let value = operation.inputs[0] else { return }
        let order = plainOrder(value)
        let layout = try layout(value, order)
        var response = onednn_response(
            size: Int64(form.size),
            alpha: form.alpha,
            beta: form.beta,
            bias: form.bias,
            is_training: 0
        )
        var attributes = onednn_attributes()
        let kernel = try OneDNNKernel { handle in onednn_lrn(&handle, layout.handle, &response, &attributes) }
        let data = try operand(value, order)
        let result = try result(operation.outputs[0], order)
        addLibrary(operation, kernel, order: order, from: data, to: result)
    }

    /// The order in which a value lies, where that is channels last, else row-major.
    private func plainOrder(_ value: Int) -> AxisOrder {
        let shape = program.shape(value)
        let last = AxisOrder.channelsLast(shape.count)
        return order(value).isSame(as: last, shape) ? last : .rowMajor(shape.count)
    }
}
