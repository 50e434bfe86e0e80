import Operators
import Tensors

extension Program {
    /// Computations between dequantised operands and a quantised result become integer kernels.
    ///
    /// First whatever only moves elements is done on integers: dequantising moves behind it. Then every computation whose
    /// result is quantised, or which is a convolution or product of integers, is looked at with the dequantised operands in
    /// front of it.
    mutating func runOnIntegers() throws(CNNOptError) {
        guard operations.contains(where: { if case .dequantization = $0.kind { true } else { false } }) else { return }
        moveIntegers()
        cancelConversions()
        try joinConvolutions()
        joinElementwise()
        cancelConversions()
        removeUnused()
    }

    /// The grid and the integers behind a real value that is dequantised as a whole.
    private func integers(behind value: Int?, _ uses: ProgramUses) -> (value: Int, grid: Grid)? {
        guard let value, let maker = uses.maker[value], case .dequantization(let grids) = operations[maker].kind,
            let grid = grids.grid, let source = operations[maker].inputs[0]
        else { return nil }
        return (source, grid)
    }

    /// mover(dequantise(x)) = dequantise(mover(x)).
    private mutating func moveIntegers() {
        var source: [Int: (value: Int, grid: Grid)] = [:]
        var result: [Operation] = []
        result.reserveCapacity(operations.count)
        for operation in operations {
            if case .dequantization(let grids) = operation.kind, let grid = grids.grid, let x = operation.inputs[0] {
                source[operation.outputs[0]] = (x, grid)
            }
            guard operation.kind.movesElements else {
                result.append(operation)
                continue
            }
            let sources = operation.inputs.compactMap { $0.flatMap { source[$0] } }
            guard let first = sources.first, sources.count == operation.inputs.count,
                sources.allSatisfy({ $0.grid == first.grid }), !operation.kind.fillsZeros || first.grid.zero == 0
            else {
                result.append(operation)
                continue
            }
            var moved = operation
            moved.inputs = sources.map(\.value)
            moved.outputs = operation.outputs.map { output in
                add(
                    Value(
                        name: values[output].name,
                        type: StaticType(elementType: first.grid.elementType, shape: shape(output))
                    )
                )
            }
            result.append(moved)
            for (real, integers) in zip(operation.outputs, moved.outputs) {
                source[real] = (integers, first.grid)
                result.append(
                    Operation(
                        kind: .dequantization(ChannelGrids(first.grid)),
                        inputs: [integers],
                        outputs: [real],
                        nodes: operation.nodes,
                        names: operation.names,
                        operators: ["DequantizeLinear"]
                    )
                )
            }
        }
        operations = result
    }

    /// Quantising what was dequantised from the same grid gives the same integers; another grid is a table.
    private mutating func cancelConversions() {
        let uses = ProgramUses(self)
        var replacement: [Int: Int] = [:]
        for index in operations.indices {
            for (port, input) in operations[index].inputs.enumerated() {
                if let input, let other = replacement[input] { operations[index].inputs[port] = other }
            }
            guard case .quantization(let grid) = operations[index].kind,
                let (source, old) = integers(behind: operations[index].inputs[0], uses)
            else { continue }
            if old == grid, !outputs.contains(operations[index].outputs[0]) {
                replacement[operations[index].outputs[0]] = replacement[source] ?? source
                operations[index].outputs = []
            } else {
                operations[index].inputs = [replacement[source] ?? source]
                operations[index].kind = .table(Self.table(old, grid) { $0 })
            }
        }
        removeEmptied()
    }

    private static func table(_ from: Grid, _ to: Grid, _ function: (Float) -> Float) -> [UInt8] {
        (0..<256).map { byte in
            let integer = from.isSigned ? Int32(Int8(truncatingIfNeeded: byte)) : Int32(byte)
            let real = function(Float(integer - from.zero) * from.scale)
            return UInt8(truncatingIfNeeded: to.quantized(real))
        }
    }

    // MARK: - Convolutions and products

    private mutating func joinConvolutions() throws(CNNOptError) {
        let uses = ProgramUses(self)
        for index in operations.indices {
            guard let data = integers(behind: operations[index].inputs.first ?? nil, uses),
                let weight = operations[index].inputs.dropFirst().first ?? nil, let maker = uses.maker[weight],
                case .dequantization(let grids) = operations[maker].kind, let stored = operations[maker].inputs[0],
                let tensor = values[stored].constant, tensor.elementType == .int8 || tensor.elementType == .uint8
            else { continue }
            var form = QuantizedForm(data: data.grid, weightScales: grids.scales, weightZeros: grids.zeros)
            let epilogue: [EpilogueStep]
            var weightAxis = 0
            switch operations[index].kind {
            case .convolution(let convolution):
                guard !convolution.isTransposed, convolution.axes.count <= 2 else { continue }
                epilogue = convolution.epilogue
            case .dense(let dense):
                epilogue = dense.epilogue
                weightAxis = grids.axis ?? 0
            default: continue
            }
            guard grids.axis == nil || grids.axis == weightAxis, epilogue.count <= 1 else { continue }
            if let step = epilogue.first {
                guard case .function(let function) = step, let clamp = function.clamp else { continue }
                form.clamp = clamp
            }
            // The bias has to be known in real numbers.
            var inputs: [Int?] = [data.value, try signed(stored, &form.weightZeros)]
            if operations[index].inputs.count > 2 {
                guard let bias = operations[index].inputs[2], let real = try dequantizedConstant(bias, uses) else {
                    continue
                }
                inputs.append(real)
            }
            // A scale may be so small that nothing can be divided by it.
            guard form.weightScales.allSatisfy({ ($0 * form.data.scale).isNormal }) else { continue }
            if let next = uses.onlyReader(operations[index].outputs[0]),
                case .quantization(let grid) = operations[next].kind,
                form.weightScales.allSatisfy({ ($0 * form.data.scale / grid.scale).isNormal })
            {
                form.result = grid
                merge(next, into: index)
            }
            operations[index].inputs = inputs
            switch operations[index].kind {
            case .convolution(var convolution):
                convolution.quantization = form
                convolution.epilogue = []
                operations[index].kind = .convolution(convolution)
            case .dense(var dense):
                dense.quantization = form
                dense.epilogue = []
                operations[index].kind = .dense(dense)
            default: break
            }
        }
        removeEmptied()
    }

    /// The weight as signed integers: unsigned ones and their zero points move down by 128.
    private mutating func signed(_ weight: Int, _ zeros: inout [Int32]) throws(CNNOptError) -> Int {
        guard let tensor = values[weight].constant, tensor.elementType == .uint8 else { return weight }
        let moved = try tensor.array(of: UInt8.self).map { Int8(truncatingIfNeeded: Int($0) - 128) }
        zeros = zeros.map { $0 - 128 }
        return add(constant: try TensorData(moved, shape: tensor.shape), name: values[weight].name)
    }

    /// A stored value in real numbers; nil where it is computed.
    private mutating func dequantizedConstant(_ value: Int, _ uses: ProgramUses) throws(CNNOptError) -> Int? {
        if values[value].constant != nil { return value }
        guard let maker = uses.maker[value], case .dequantization(let grids) = operations[maker].kind,
            let source = operations[maker].inputs[0], let tensor = values[source].constant
        else { return nil }
        return add(constant: try tensor.dequantized(grids), name: values[value].name)
    }

    /// What is left of stored tensors that are dequantised is done now.
    mutating func storeDequantized() throws(CNNOptError) {
        for index in operations.indices {
            guard case .dequantization(let grids) = operations[index].kind, let source = operations[index].inputs[0],
                let tensor = values[source].constant
            else { continue }
            values[operations[index].outputs[0]].constant = try tensor.dequantized(grids)
            operations[index].outputs = []
        }
        removeEmptied()
    }

    // MARK: - Elementwise computations

    private mutating func joinElementwise() {
        let uses = ProgramUses(self)
        var insertions: [Int: [Operation]] = [:]
        for index in operations.indices {
            guard case .quantization(let result) = operations[index].kind, let real = operations[index].inputs[0],
                uses.onlyReader(real) == index, let maker = uses.maker[real]
            else { continue }
            let sources = operations[maker].inputs.map { integers(behind: $0, uses) }
            guard let first = sources.first ?? nil else { continue }
            let kind: Operation.Kind
            switch operations[maker].kind {
            case .function(let function):
                guard let apply = function.scalar else { continue }
                kind = .table(Self.table(first.grid, result, apply))
            case .globalAverage: kind = .quantizedAverage(first.grid, result: result)
            case .pair(let pair, let clamp):
                guard let second = sources[1] else { continue }
                kind = .quantizedPair(pair, clamp, left: first.grid, right: second.grid, result: result)
            case .concatenation, .pool:
                // The movers that are left have operands of several grids: each is brought to the result's first.
                guard operations[maker].kind.movesElements, sources.allSatisfy({ $0 != nil }) else { continue }
                insertions[maker] = bringTogether(maker, sources.compactMap { $0 }, result)
                merge(index, into: maker)
                continue
            default: continue
            }
            operations[maker].kind = kind
            operations[maker].inputs = sources.map { $0?.value }
            merge(index, into: maker)
        }
        operations = operations.indices.flatMap { (insertions[$0] ?? []) + [operations[$0]] }
        removeEmptied()
    }

    /// Makes a mover of integers of several grids read integers of the result's.
    /// - Returns: the conversions to run before it.
    private mutating func bringTogether(_ index: Int, _ sources: [(value: Int, grid: Grid)], _ result: Grid)
        -> [Operation]
    {
        var conversions: [Operation] = []
        for (port, source) in sources.enumerated() {
            guard source.grid != result else {
                operations[index].inputs[port] = source.value
                continue
            }
            let converted = add(
                Value(
                    name: values[source.value].name,
                    type: StaticType(elementType: result.elementType, shape: shape(source.value))
                )
            )
            conversions.append(
                Operation(
                    kind: .table(Self.table(source.grid, result) { $0 }),
                    inputs: [source.value],
                    outputs: [converted],
                    nodes: operations[index].nodes,
                    names: operations[index].names,
                    operators: ["QuantizeLinear"]
                )
            )
            operations[index].inputs[port] = converted
        }
        return conversions
    }
}
