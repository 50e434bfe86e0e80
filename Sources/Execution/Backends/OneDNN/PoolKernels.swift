import CKernels
import COneDNN
import Operators
import Tensors

extension PlanBuilder {
    /// A window's largest element or mean, channels last.
    mutating func addPool(_ operation: Operation, _ pool: Pool) throws(CNNOptError) {
        guard let value = operation.inputs[0] else { return }
        let order = AxisOrder.channelsLast(program.shape(value).count)
        let data = try operand(value, order)
        if pool.rule == .maximum, pool.axes.count <= 2, try type(value).elementType == .float32 {
            return try addMaximumPool(operation, pool, data, order)
        }
        let (source, target) = (try layout(value, order), try layout(operation.outputs[0], order))
        let rule =
            switch pool.rule {
            case .maximum: ONEDNN_MAXIMUM
            case .average: ONEDNN_AVERAGE
            case .averageWithPadding: ONEDNN_AVERAGE_WITH_PADDING
            }
        var window = onednn_window(pool.axes)
        var attributes = onednn_attributes()
        let kernel = try OneDNNKernel { handle in
            onednn_pooling(&handle, rule, source.handle, target.handle, &window, &attributes, 0)
        }
        let result = try result(operation.outputs[0], order)
        addLibrary(operation, kernel, order: order, from: data, to: result)
    }

    /// Our kernel, which takes a third of the time of oneDNN's (2.6.3) where channels come last.
    private mutating func addMaximumPool(
        _ operation: Operation,
        _ pool: Pool,
        _ data: Int,
        _ order: AxisOrder
    ) throws(CNNOptError) {
        guard let value = operation.inputs[0] else { return }
        let shape = program.shape(value)
        let window = Convolution(axes: pool.axes, groups: 1, isTransposed: false, hasBias: false)
        let form = try window.kernelForm(batch: shape[0], weight: [shape[1], shape[1]])
        let result = try result(operation.outputs[0], order)
        addKernel(operation, "maximum", order: order, reads: [data], writes: [result]) { table, threads in
            withUnsafePointer(to: form) {
                ck_maximum_pool_f32(
                    $0,
                    table[data].assumingMemoryBound(to: Float.self),
                    table[result].assumingMemoryBound(to: Float.self),
                    threads
                )
            }
        }
    }

    /// The largest element of each channel: a pool whose window covers everything.
    mutating func addGlobalMaximum(_ operation: Operation) throws(CNNOptError) {
        guard let value = operation.inputs[0] else { return }
        var axes: [Windows.Axis] = []
        for size in program.shape(value)[2...] { axes += try Windows(covering: size).axes([size]) }
        try addPool(operation, Pool(axes: axes, rule: .maximum))
    }

    /// The mean of each channel.
    mutating func addGlobalAverage(_ operation: Operation) throws(CNNOptError) {
        guard let value = operation.inputs[0] else { return }
        let (form, data, result, order) = try channelMeans(operation, value)
        addKernel(operation, "mean", order: order, reads: [data], writes: [result]) { table, threads in
            ck_mean_f32(
                table[data].assumingMemoryBound(to: Float.self),
                table[result].assumingMemoryBound(to: Float.self),
                form.batch,
                form.positions,
                form.channels,
                threads
            )
        }
    }

    /// The mean of each channel of integers.
    mutating func addQuantizedAverage(_ operation: Operation, _ grid: Grid, _ resultGrid: Grid) throws(CNNOptError) {
        guard let value = operation.inputs[0] else { return }
        let (form, data, result, order) = try channelMeans(operation, value)
        let (from, to) = (ck_grid(grid), ck_grid(resultGrid))
        addKernel(operation, "mean int8", order: order, reads: [data], writes: [result]) { table, threads in
            ck_mean_8(table[data], from, table[result], to, form.batch, form.positions, form.channels, threads)
        }
    }

    private struct Means: Sendable {
        let batch: Int64
        let positions: Int64
        let channels: Int64
    }

    private mutating func channelMeans(_ operation: Operation, _ value: Int) throws(CNNOptError)
        -> (Means, data: Int, result: Int, AxisOrder)
    {
        let shape = program.shape(value)
        let order = AxisOrder.channelsLast(shape.count)
        let data = try operand(value, order)
        let output = operation.outputs[0]
        let result = try result(output, .channelsLast(program.shape(output).count))
        let means = Means(
            batch: Int64(shape[0]),
            positions: Int64(shape[2...].reduce(1, *)),
            channels: Int64(shape[1])
        )
        return (means, data, result, order)
    }
}
