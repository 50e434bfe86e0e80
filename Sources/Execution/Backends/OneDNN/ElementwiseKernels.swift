import CKernels
import COneDNN
import Operators
import Tensors

extension PlanBuilder {
    /// A function of each element, in place where nothing else needs the operand.
    mutating func addFunction(_ operation: Operation, _ function: ElementaryFunction) throws(CNNOptError) {
        // oneDNN's clamps make numbers of what is none, and its exponential makes infinity of it.
        switch function {
        case .hardSigmoid(let alpha, let beta):
            return try addAffine(operation, Affine(scale: [alpha], shift: [beta], clamp: Clamp(low: 0, high: 1)))
        case .clamp(let low, let high):
            return try addAffine(operation, Affine(scale: [1], shift: [0], clamp: Clamp(low: low, high: high)))
        case .leakyRelu(let slope): return try addSlope(operation, slope)
        case .exponential: return try addScalar(operation, function)
        default: break
        }
        guard let value = operation.inputs[0] else { return }
        let order = order(value)
        let data = try operand(value, order)
        let layout = try OneDNNLayout([try type(value).count], ONEDNN_FLOAT, strides: [1])
        guard let first = function.oneDNN.first else { return }
        var attributes = onednn_attributes()
        let kernel = try OneDNNKernel { handle in
            onednn_eltwise(&handle, first.function, first.alpha, first.beta, layout.handle, &attributes)
        }
        let result = try result(operation.outputs[0], over: data, order)
        addLibrary(operation, kernel, order: order, from: data, to: result)
    }

    /// One slope for all elements below zero.
    private mutating func addSlope(_ operation: Operation, _ slope: Float) throws(CNNOptError) {
        let single = try TensorData([slope], shape: [])
        let value = addValue(
            Program.Value(name: "slope", type: Program.StaticType(elementType: .float32, shape: []), constant: single)
        )
        var pair = operation
        pair.inputs.append(value)
        try addPair(pair, .slope, .none)
    }

    /// A function of the mathematics library, element by element.
    private mutating func addScalar(_ operation: Operation, _ function: ElementaryFunction) throws(CNNOptError) {
        guard let value = operation.inputs[0], let function = function.scalar else { return }
        let order = order(value)
        let data = try operand(value, order)
        let count = try type(value).count
        let result = try result(operation.outputs[0], over: data, order)
        addKernel(operation, "scalar", order: order, reads: [data], writes: [result]) { table, threads in
            let source = SharedReadPointer(UnsafePointer(table[data].assumingMemoryBound(to: Float.self)))
            let target = SharedPointer(table[result].assumingMemoryBound(to: Float.self))
            parallelFor(count, threads: count < 1 << 14 ? 1 : Int(threads)) { range in
                for i in range { target.base[i] = function(source.base[i]) }
            }
        }
    }

    /// Two operands that broadcast. The result lies as the larger of them does.
    mutating func addPair(_ operation: Operation, _ function: PairFunction, _ clamp: Clamp) throws(CNNOptError) {
        let (walk, left, right, result, order) = try pair(operation)
        let code = function.code
        addKernel(operation, function.text, order: order, reads: [left, right], writes: [result]) { table, threads in
            withUnsafePointer(to: walk) {
                ck_binary_f32(
                    code,
                    table[left].assumingMemoryBound(to: Float.self),
                    table[right].assumingMemoryBound(to: Float.self),
                    table[result].assumingMemoryBound(to: Float.self),
                    $0,
                    clamp.low,
                    clamp.high,
                    threads
                )
            }
        }
    }

    /// Two operands of integers.
    mutating func addQuantizedPair(
        _ operation: Operation,
        _ function: PairFunction,
        _ clamp: Clamp,
        _ left: Grid,
        _ right: Grid,
        _ result: Grid
    ) throws(CNNOptError) {
        let (walk, a, b, y, order) = try pair(operation)
        let code = function.code
        let (aGrid, bGrid, yGrid) = (ck_grid(left), ck_grid(right), ck_grid(result))
        addKernel(operation, function.text + " int8", order: order, reads: [a, b], writes: [y]) { table, threads in
            withUnsafePointer(to: walk) {
                ck_binary_8(code, table[a], aGrid, table[b], bGrid, table[y], yGrid, $0, clamp.low, clamp.high, threads)
            }
        }
    }

    private mutating func pair(_ operation: Operation) throws(CNNOptError)
        -> (ck_pair_walk, left: Int, right: Int, result: Int, AxisOrder)
    {
        let values = operation.inputs.compactMap { $0 }
        let output = operation.outputs[0]
        let shape = program.shape(output)
        let whole = values.filter { program.shape($0) == shape && program.values[$0].constant == nil }
        let order =
            whole.first.map { self.order($0) } ?? (values.first { program.shape($0) == shape }).map { self.order($0) }
            ?? .rowMajor(shape.count)
        var buffers: [Int] = []
        var strides: [[Int]] = []
        for value in values {
            let own = program.shape(value)
            let padded = [Int](repeating: 1, count: shape.count - own.count) + own
            // The operand in the result's order, as far as it has those axes.
            let aligned = AxisOrder(axes: order.axes.compactMap { $0 - (shape.count - own.count) }.filter { $0 >= 0 })
            buffers.append(try operand(value, aligned))
            let dense = AxisOrder(axes: order.axes).strides(padded)
            strides.append(shape.indices.map { padded[$0] == 1 && shape[$0] != 1 ? 0 : dense[$0] })
        }
        let result: Int
        if let same = zip(values, buffers).first(where: {
            program.shape($0.0) == shape && canOverwrite($0.1, with: output)
        }) {
            result = same.1
            place(output, Placement(buffer: result, order: order))
        } else {
            result = try self.result(output, order)
        }
        let axes = order.axes
        let walk = ck_pair_walk(axes.map { shape[$0] }, a: axes.map { strides[0][$0] }, b: axes.map { strides[1][$0] })
        return (walk, buffers[0], buffers[1], result, order)
    }

    /// Channels scaled and shifted.
    mutating func addAffine(_ operation: Operation, _ affine: Affine) throws(CNNOptError) {
        guard let value = operation.inputs[0] else { return }
        let order = order(value)
        let data = try operand(value, order)
        let shape = program.shape(value)
        let axis = affine.axis.flatMap { order.axes.firstIndex(of: $0) }
        let sizes = order.axes.map { shape[$0] }
        let outer = Int64(axis.map { sizes[..<$0].reduce(1, *) } ?? 1)
        let channels = Int64(axis.map { sizes[$0] } ?? 1)
        let inner = Int64(axis.map { sizes[($0 + 1)...].reduce(1, *) } ?? sizes.reduce(1, *))
        let scale = try addStored(TensorData(affine.scale))
        let shift = try addStored(TensorData(affine.shift))
        let result = try result(operation.outputs[0], over: data, order)
        let clamp = affine.clamp
        addKernel(operation, "scale", order: order, reads: [data, scale, shift], writes: [result]) { table, threads in
            ck_affine_f32(
                table[data].assumingMemoryBound(to: Float.self),
                table[scale].assumingMemoryBound(to: Float.self),
                table[shift].assumingMemoryBound(to: Float.self),
                table[result].assumingMemoryBound(to: Float.self),
                outer,
                channels,
                inner,
                clamp.low,
                clamp.high,
                threads
            )
        }
    }

    /// Rows along one axis that become shares of 1; the axis is made the fastest.
    mutating func addSoftmax(_ operation: Operation, axis: Int, isLogarithm: Bool) throws(CNNOptError) {
        guard let value = operation.inputs[0] else { return }
        let shape = program.shape(value)
        var order = order(value)
        let isLast = order.axes.last { shape[$0] != 1 } == axis || shape[axis] == 1
        if !isLast { order = AxisOrder(axes: shape.indices.filter { $0 != axis } + [axis]) }
        let data = try operand(value, order)
        let result = try result(operation.outputs[0], over: data, order)
        let rows = Int64(shape.reduce(1, *) / max(shape[axis], 1))
        let length = Int64(shape[axis])
        addKernel(operation, "softmax", order: order, reads: [data], writes: [result]) { table, threads in
            ck_softmax_f32(
                table[data].assumingMemoryBound(to: Float.self),
                table[result].assumingMemoryBound(to: Float.self),
                rows,
                length,
                isLogarithm ? 1 : 0,
                threads
            )
        }
    }
}

extension PairFunction {
    fileprivate var code: ck_operation {
        switch self {
        case .add: CK_ADD
        case .subtract: CK_SUBTRACT
        case .multiply: CK_MULTIPLY
        case .divide: CK_DIVIDE
        case .maximum: CK_MAXIMUM
        case .minimum: CK_MINIMUM
        case .slope: CK_PRELU
        }
    }

    /// The kernel's name.
    fileprivate var text: String {
        switch self {
        case .add: "add"
        case .subtract: "subtract"
        case .multiply: "multiply"
        case .divide: "divide"
        case .maximum: "maximum"
        case .minimum: "minimum"
        case .slope: "slope"
        }
    }
}
