import GraphIR
import Operators
import Tensors

/// One node on its way to operations.
struct Translation {
    var program: Program
    let node: NodeID
    let site: OperatorSite
    let inputs: [Int?]
    let outputs: [Int]
    /// Operations before it that dequantise stored tensors, by their result.
    let storedIntegers: [Int: Operation]
    var operations: [Operation] = []
    /// The operation that does the node's arithmetic.
    var heaviest = 0

    /// - Returns: whether the node could be expressed.
    mutating func affine(_ affine: ChannelAffine) throws(CNNOptError) -> Bool {
        guard inputs.indices.contains(affine.dataPort), let data = inputs[affine.dataPort], isFloat(data),
            program.shape(data) == program.shape(outputs[0]), program.values[data].constant == nil,
            affine.scale.count == affine.shift.count,
            affine.scale.count == affine.axis.map({ program.shape(data)[$0] }) ?? 1
        else { return false }
        let kind = Affine(
            axis: affine.axis,
            scale: affine.scale.map { Float($0) },
            shift: affine.shift.map { Float($0) }
        )
        append(.affine(kind), [data])
        return true
    }

    /// - Returns: whether the node could be expressed.
    mutating func add(_ computation: Computation) throws(CNNOptError) -> Bool {
        guard case .quantized(let inner, let operands, let bias, let result) = computation else {
            return try add(computation, inputs, outputs)
        }
        return try quantized(inner, operands, bias, result)
    }

    mutating func add(_ computation: Computation, _ inputs: [Int?], _ outputs: [Int]) throws(CNNOptError)
        -> Bool
    {
        guard let first = inputs.first ?? nil, let output = outputs.first,
            agrees(computation, inputs.compactMap { $0 }, outputs)
        else { return false }
        let second = inputs.dropFirst().first ?? nil
        let bytes = program.values[first].type?.elementType.bitWidth ?? 0
        let moves = [8, 16, 32, 64].contains(bytes) && program.elementType(first) == program.elementType(output)
        let isFloat = isFloat(first) && isFloat(output)
        switch computation {
        case .convolution(let axes, let groups), .transposedConvolution(let axes, let groups):
            guard isFloat, let weight = second, isStored(weight) else { return false }
            let bias = inputs.count > 2 ? inputs[2] : nil
            if let bias, !isStored(bias) { return false }
            var isTransposed = false
            if case .transposedConvolution = computation { isTransposed = true }
            let form = Convolution(axes: axes, groups: groups, isTransposed: isTransposed, hasBias: bias != nil)
            guard fits(form, first, weight, bias, output) else { return false }
            append(.convolution(form), [first, weight] + (bias.map { [$0] } ?? []), outputs)
        case .product(let left, let right, let alpha, let beta):
            let form = Product(transposesLeft: left, transposesRight: right, alpha: alpha)
            guard isFloat else { return false }
            return try product(inputs, output, form, beta: beta)
        case .maximumPool(let axes):
            let isByte = [.int8, .uint8].contains(program.elementType(first))
            guard isFloat || moves && isByte, (1...3).contains(axes.count) else { return false }
            append(.pool(Pool(axes: axes, rule: .maximum)), [first], outputs)
        case .averagePool(let axes, let countsPadding):
            guard isFloat, (1...3).contains(axes.count) else { return false }
            if axes.allSatisfy({
                $0.output == 1 && $0.padBegin == 0 && $0.padEnd == 0 && $0.dilation == 1 && $0.kernel == $0.input
            }) {
                append(.globalAverage, [first], outputs)
                return true
            }
            // A last window that sticks out of the padding counts fewer elements than the back end would.
            guard !countsPadding || axes.allSatisfy({ $0.lastReach <= $0.input + $0.padBegin + $0.padEnd }) else {
                return false
            }
            append(.pool(Pool(axes: axes, rule: countsPadding ? .averageWithPadding : .average)), [first], outputs)
        case .globalAverage:
            guard isFloat, program.shape(first).count > 2 else { return false }
            append(.globalAverage, [first], outputs)
        case .globalMaximum:
            guard isFloat, (3...5).contains(program.shape(first).count) else { return false }
            append(.globalMaximum, [first], outputs)
        case .unary(let function):
            guard isFloat else { return false }
            if case .clamp(let low, let high) = function, low.isNaN || high.isNaN { return false }
            append(.function(function), [first], outputs)
        case .binary(let function):
            guard isFloat, let second, self.isFloat(second), program.shape(output).count <= 8 else { return false }
            if function == .slope, program.shape(output) != program.shape(first) { return false }
            append(.pair(function, .none), [first, second], outputs)
        case .softmax(let axis, let isLogarithm):
            guard isFloat else { return false }
            append(.softmax(axis: axis, isLogarithm: isLogarithm), [first], outputs)
        case .normalization(let form):
            guard isFloat else { return false }
            return try normalization(inputs, output, form)
        case .batchNormalization(let epsilon):
            return isFloat && batchNormalization(inputs, output, epsilon)
        case .localResponse(let form):
            return isFloat && localResponse(first, output, form)
        case .transposition(let order):
            guard moves, order.count <= 8 else { return false }
            append(.transposition(order), [first], outputs)
        case .reshaping:
            guard moves else { return false }
            append(.reshaping, [first], outputs)
        case .slice(let parts):
            guard moves, parts.count <= 8 else { return false }
            append(.slice(parts), [first], outputs)
        case .split(let axis, let sizes):
            guard moves, program.shape(first).count <= 8, sizes.count >= outputs.count else { return false }
            append(.split(axis: axis, sizes: sizes), [first], outputs)
        case .concatenation(let axis):
            let all = inputs.compactMap { $0 }
            guard moves, all.count == inputs.count, program.shape(first).count <= 8,
                all.allSatisfy({ program.elementType($0) == program.elementType(output) })
            else { return false }
            append(.concatenation(axis: axis), all, outputs)
        case .zeroPadding(let padding):
            guard moves, padding.count <= 8 else { return false }
            append(.zeroPadding(padding), [first], outputs)
        case .nearestResize(let rows, let columns):
            guard moves else { return false }
            append(.nearestResize(rows: rows, columns: columns), [first], outputs)
        case .linearResize(let rows, let columns):
            guard isFloat else { return false }
            append(.linearResize(rows: rows, columns: columns), [first], outputs)
        case .quantization:
            return try quantization(inputs, outputs)
        case .dequantization(let axis):
            guard let grids = try grids(first, second, inputs.count > 2 ? inputs[2] : nil, axis), self.isFloat(output)
            else {
                return false
            }
            guard grids.grid != nil || program.values[first].constant != nil else { return false }
            append(.dequantization(grids), [first], outputs)
        case .quantized: return false
        }
        return true
    }

    /// Whether the shapes agree: kernels trust them.
    private func fits(_ form: Convolution, _ data: Int, _ weight: Int, _ bias: Int?, _ output: Int) -> Bool {
        let (x, w, y) = (program.shape(data), program.shape(weight), program.shape(output))
        guard form.groups > 0, w.count == x.count, y.count == x.count, form.axes.count == x.count - 2, x[0] == y[0],
            (bias.map { program.shape($0) } ?? [y[1]]) == [y[1]], form.axes.map(\.kernel) == Array(w[2...])
        else { return false }
        let (here, there) = (form.axes.map(\.input), form.axes.map(\.output))
        // A transposed convolution is told by the one whose output is its input.
        let (channels, outputs) = form.isTransposed ? (w[0], w[1]) : (w[1], w[0])
        return form.isTransposed
            ? channels == x[1] && channels % form.groups == 0 && outputs * form.groups == y[1]
                && Array(x[2...]) == there && Array(y[2...]) == here
            : channels * form.groups == x[1] && outputs == y[1] && outputs % form.groups == 0
                && Array(x[2...]) == here && Array(y[2...]) == there
    }

    /// The value with its two axes exchanged.
    mutating func transposed(_ value: Int) -> Int {
        let type = program.values[value].type.map {
            Program.StaticType(elementType: $0.elementType, shape: $0.shape.reversed())
        }
        if let constant = program.values[value].constant, let turned = try? constant.transposed([1, 0]) {
            return program.add(constant: turned, name: program.values[value].name)
        }
        let result = program.add(Program.Value(name: program.values[value].name, type: type))
        if let maker = dequantization(of: value), case .dequantization(var grids) = maker.kind,
            let source = maker.inputs[0]
        {
            // Stored integers are turned before they are dequantised.
            grids.axis = grids.axis.map { 1 - $0 }
            append(.dequantization(grids), [transposed(source)], [result])
        } else {
            append(.transposition([1, 0]), [value], [result])
        }
        return result
    }

    func isFloat(_ value: Int) -> Bool { program.elementType(value) == .float32 }

    /// Whether the value is known now: stored, or dequantised from what is stored.
    func isStored(_ value: Int) -> Bool {
        program.values[value].constant != nil || dequantization(of: value) != nil
    }

    /// What dequantises a stored tensor to the value.
    private func dequantization(of value: Int) -> Operation? {
        operations.last { $0.outputs.contains(value) && program.dequantizesStored($0) } ?? storedIntegers[value]
    }

    mutating func append(_ kind: Operation.Kind, _ inputs: [Int], _ outputs: [Int]? = nil) {
        switch kind {
        case .dense, .product: heaviest = operations.count
        default: break
        }
        operations.append(
            Operation(
                kind: kind,
                inputs: inputs,
                outputs: outputs ?? self.outputs,
                nodes: [node],
                names: [site.name],
                operators: [site.node.operatorType]
            )
        )
    }
}

extension Windows.Axis {
    /// The element behind the last window, counted from the beginning of the padding.
    var lastReach: Int { (output - 1) * stride + (kernel - 1) * dilation + 1 }
}
