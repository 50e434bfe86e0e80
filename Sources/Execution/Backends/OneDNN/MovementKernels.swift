import CKernels
import Operators
import Tensors

/// Whatever passes elements on: other names for the same memory where that will do, strided copies elsewhere.
extension PlanBuilder {
    /// Axes are renamed; nothing moves.
    mutating func addTransposition(_ operation: Operation, _ permutation: [Int]) throws(CNNOptError) {
        guard let value = operation.inputs[0] else { return }
        let order = order(value)
        let buffer = try operand(value, order)
        place(operation.outputs[0], Placement(buffer: buffer, order: order.transposed(permutation)))
    }

    /// The same memory under another shape.
    mutating func addReshaping(_ operation: Operation) throws(CNNOptError) {
        guard let value = operation.inputs[0] else { return }
        let buffer = try operand(value, .rowMajor(program.shape(value).count))
        place(
            operation.outputs[0],
            Placement(buffer: buffer, order: .rowMajor(program.shape(operation.outputs[0]).count))
        )
    }

    mutating func addSlice(_ operation: Operation, _ parts: [(first: Int, step: Int, count: Int)]) throws(CNNOptError) {
        guard let value = operation.inputs[0] else { return }
        try addPart(operation, of: value, to: operation.outputs[0], parts)
    }

    mutating func addSplit(_ operation: Operation, axis: Int, sizes: [Int]) throws(CNNOptError) {
        guard let value = operation.inputs[0] else { return }
        var start = 0
        for (output, size) in zip(operation.outputs, sizes) {
            var parts = program.shape(value).map { (first: 0, step: 1, count: $0) }
            parts[axis] = (start, 1, size)
            try addPart(operation, of: value, to: output, parts)
            start += size
        }
    }

    private mutating func addPart(
        _ operation: Operation,
        of value: Int,
        to output: Int,
        _ parts: [(first: Int, step: Int, count: Int)]
    ) throws(CNNOptError) {
        let order = order(value)
        let data = try operand(value, order)
        let type = try type(value)
        let strides = order.strides(type.shape)
        let sizes = parts.map(\.count)
        let result = try result(output, order)
        let walk = ck_walk(sizes, from: zip(strides, parts).map { $0 * $1.step }, to: order.strides(sizes))
        let width = type.elementType.bitWidth / 8
        let offset = zip(strides, parts).reduce(0) { $0 + $1.0 * $1.1.first } * width
        addKernel(operation, "copy", order: order, reads: [data], writes: [result]) { table, threads in
            withUnsafePointer(to: walk) { ck_copy(table[data] + offset, table[result], Int32(width), $0, threads) }
        }
    }

    /// Each operand is copied to its place, in the order of the first that is computed.
    mutating func addConcatenation(_ operation: Operation, axis: Int) throws(CNNOptError) {
        let values = operation.inputs.compactMap { $0 }
        let output = operation.outputs[0]
        let type = try type(output)
        let computed = values.first { program.values[$0].constant == nil } ?? values[0]
        let order = order(computed)
        let strides = order.strides(type.shape)
        let width = type.elementType.bitWidth / 8
        var parts: [(walk: ck_walk, source: Int, offset: Int)] = []
        var start = 0
        for value in values {
            let sizes = program.shape(value)
            let own = self.order(value)
            let source = try operand(value, own)
            parts.append((ck_walk(sizes, from: own.strides(sizes), to: strides), source, start * strides[axis] * width))
            start += sizes[axis]
        }
        let result = try result(output, order)
        let list = parts
        addKernel(operation, "copy", order: order, reads: parts.map(\.source), writes: [result]) { table, threads in
            for part in list {
                withUnsafePointer(to: part.walk) {
                    ck_copy(table[part.source], table[result] + part.offset, Int32(width), $0, threads)
                }
            }
        }
    }

    /// Zeros, and the operand in their middle.
    mutating func addZeroPadding(_ operation: Operation, _ padding: [AxisPadding], _ wanted: AxisOrder? = nil)
        throws(CNNOptError)
    {
        guard let value = operation.inputs[0] else { return }
        let order = wanted ?? order(value)
        let data = try operand(value, order)
        let sizes = program.shape(value)
        let type = try type(operation.outputs[0])
        let strides = order.strides(type.shape)
        let result = try result(operation.outputs[0], order)
        let width = type.elementType.bitWidth / 8
        let walk = ck_walk(sizes, from: order.strides(sizes), to: strides)
        let offset = zip(strides, padding).reduce(0) { $0 + $1.0 * $1.1.front } * width
        let bytes = type.byteCount
        addKernel(operation, "pad", order: order, reads: [data], writes: [result]) { table, threads in
            table[result].initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
            withUnsafePointer(to: walk) { ck_copy(table[data], table[result] + offset, Int32(width), $0, threads) }
        }
    }

    /// Two axes resized, channels last.
    mutating func addNearestResize(_ operation: Operation, _ rows: [Int32], _ columns: [Int32]) throws(CNNOptError) {
        guard let value = operation.inputs[0] else { return }
        let (form, data, result, order) = try resize(operation, value, rows.count, columns.count)
        let width = Int32(try type(value).elementType.bitWidth / 8)
        addKernel(operation, "resize nearest", order: order, reads: [data], writes: [result]) { table, threads in
            withUnsafePointer(to: form) {
                ck_resize_nearest(table[data], table[result], width, $0, rows, columns, threads)
            }
        }
    }

    mutating func addLinearResize(_ operation: Operation, _ rows: MixedIndices, _ columns: MixedIndices)
        throws(CNNOptError)
    {
        guard let value = operation.inputs[0] else { return }
        let (form, data, result, order) = try resize(operation, value, rows.low.count, columns.low.count)
        addKernel(operation, "resize linear", order: order, reads: [data], writes: [result]) { table, threads in
            rows.withMix { rows in
                columns.withMix { columns in
                    withUnsafePointer(to: form) {
                        ck_resize_linear_f32(
                            table[data].assumingMemoryBound(to: Float.self),
                            table[result].assumingMemoryBound(to: Float.self),
                            $0,
                            rows,
                            columns,
                            threads
                        )
                    }
                }
            }
        }
    }

    private mutating func resize(_ operation: Operation, _ value: Int, _ rows: Int, _ columns: Int) throws(CNNOptError)
        -> (ck_resize, data: Int, result: Int, AxisOrder)
    {
        let shape = program.shape(value)
        let order = AxisOrder.channelsLast(4)
        let form = ck_resize(
            batch: Int64(shape[0]),
            height: Int64(shape[2]),
            width: Int64(shape[3]),
            channels: Int64(shape[1]),
            out_height: Int64(rows),
            out_width: Int64(columns)
        )
        let data = try operand(value, order)
        return (form, data, try result(operation.outputs[0], order), order)
    }
}

extension MixedIndices {
    fileprivate func withMix(_ body: (ck_mix) -> Void) {
        low.withUnsafeBufferPointer { low in
            high.withUnsafeBufferPointer { high in
                share.withUnsafeBufferPointer { share in
                    body(ck_mix(low: low.baseAddress, high: high.baseAddress, weight: share.baseAddress))
                }
            }
        }
    }
}
