import Operators
import Tensors

extension Program {
    /// Everything that makes the program cheaper to run, in an order in which each rewrite sees what it needs.
    mutating func optimize() throws(CNNOptError) {
        absorbPadding()
        foldAffines()
        recogniseGates()
        fuseFunctions()
        try runOnIntegers()
        try storeDequantized()
        foldAffines()
        fuseFunctions()
        fuseAdditions()
        removeUnused()
    }

    /// Replaces an operation's parts: `second` reads what `first` makes and takes its place.
    mutating func merge(_ second: Int, into first: Int) {
        operations[first].outputs = operations[second].outputs
        operations[first].nodes += operations[second].nodes
        operations[first].names += operations[second].names
        operations[first].operators += operations[second].operators
        operations[second].outputs = []
    }

    /// Drops operations that a rewrite has emptied.
    mutating func removeEmptied() { operations.removeAll { $0.outputs.isEmpty } }

    /// Zeros around a convolution's input become its padding.
    private mutating func absorbPadding() {
        let uses = ProgramUses(self)
        for index in operations.indices {
            guard case .convolution(var form) = operations[index].kind, !form.isTransposed,
                let data = operations[index].inputs[0],
                let maker = uses.maker[data], case .zeroPadding(let padding) = operations[maker].kind,
                uses.onlyReader(data) == index, padding[..<2].allSatisfy({ $0.front == 0 && $0.back == 0 })
            else { continue }
            for (axis, zeros) in padding.dropFirst(2).enumerated() {
                form.axes[axis].padBegin += zeros.front
                form.axes[axis].padEnd += zeros.back
                form.axes[axis].input -= zeros.front + zeros.back
            }
            operations[index].kind = .convolution(form)
            operations[index].inputs[0] = operations[maker].inputs[0]
            operations[index].nodes += operations[maker].nodes
            operations[index].names.insert(contentsOf: operations[maker].names, at: 0)
            operations[index].operators.insert(contentsOf: operations[maker].operators, at: 0)
            operations[maker].outputs = []
        }
        removeEmptied()
    }

    /// Scales and shifts of channels go into the weights in front of them, or into one another.
    private mutating func foldAffines() {
        let uses = ProgramUses(self)
        // A maker that was merged away is named by what took its place.
        var place = Array(operations.indices)
        for index in operations.indices {
            guard case .affine(let affine) = operations[index].kind, let data = operations[index].inputs[0],
                let made = uses.maker[data], uses.onlyReader(data) == index
            else { continue }
            let maker = place[made]
            guard fold(affine, into: maker) else { continue }
            merge(index, into: maker)
            place[index] = maker
        }
        removeEmptied()
    }

    private mutating func fold(_ affine: Affine, into maker: Int) -> Bool {
        switch operations[maker].kind {
        case .affine(var first):
            guard first.clamp == .none, first.axis == nil || affine.axis == nil || first.axis == affine.axis else {
                return false
            }
            let count = max(first.scale.count, affine.scale.count)
            func at(_ list: [Float], _ i: Int) -> Float { list[list.count == 1 ? 0 : i] }
            let scale = (0..<count).map { at(first.scale, $0) * at(affine.scale, $0) }
            let shift = (0..<count).map { at(first.shift, $0) * at(affine.scale, $0) + at(affine.shift, $0) }
            first = Affine(axis: first.axis ?? affine.axis, scale: scale, shift: shift, clamp: affine.clamp)
            operations[maker].kind = .affine(first)
            return true
        case .convolution(var form):
            guard form.epilogue.isEmpty, form.quantization == nil, affine.axis == nil || affine.axis == 1,
                let scaled = scaled(
                    maker,
                    affine,
                    outputAxis: form.isTransposed ? 1 : 0,
                    groups: form.isTransposed ? form.groups : 1
                )
            else { return false }
            form.hasBias = true
            if affine.clamp != .none {
                form.epilogue = [.function(.clamp(low: affine.clamp.low, high: affine.clamp.high))]
            }
            operations[maker].inputs = [operations[maker].inputs[0]] + scaled
            operations[maker].kind = .convolution(form)
            return true
        case .dense(var form):
            guard form.epilogue.isEmpty, form.quantization == nil,
                affine.axis == nil || affine.axis == shape(operations[maker].outputs[0]).count - 1,
                let scaled = scaled(maker, affine, outputAxis: 0, groups: 1)
            else { return false }
            form.hasBias = true
            if affine.clamp != .none {
                form.epilogue = [.function(.clamp(low: affine.clamp.low, high: affine.clamp.high))]
            }
            operations[maker].inputs = [operations[maker].inputs[0]] + scaled
            operations[maker].kind = .dense(form)
            return true
        default: return false
        }
    }

    /// New values for the operation's weight and bias; nil where they are not stored as floats.
    private mutating func scaled(_ index: Int, _ affine: Affine, outputAxis: Int, groups: Int) -> [Int]? {
        let inputs = operations[index].inputs
        guard let weight = inputs[1], let tensor = values[weight].constant, tensor.elementType == .float32,
            let old = try? tensor.array(of: Float.self)
        else { return nil }
        let perGroup = tensor.shape[outputAxis]
        let inner = tensor.shape[(outputAxis + 1)...].reduce(1, *)
        let channels = perGroup * groups
        func number(_ list: [Float], _ channel: Int) -> Float { list[list.count == 1 ? 0 : channel] }
        guard affine.scale.count == 1 || affine.scale.count == channels else { return nil }
        var bias = [Float](repeating: 0, count: channels)
        if inputs.count > 2, let value = inputs[2] {
            guard let stored = values[value].constant, stored.elementType == .float32, stored.count == channels,
                let numbers = try? stored.array(of: Float.self)
            else { return nil }
            bias = numbers
        }
        // Along the outer axes of a transposed convolution's weight the groups lie one behind the other.
        let rowsPerGroup = groups > 1 ? tensor.shape[0] / groups : 1
        var new = old
        for i in new.indices {
            let row = i / (perGroup * inner)
            let channel = (groups > 1 ? row / max(rowsPerGroup, 1) * perGroup : 0) + i / inner % perGroup
            new[i] = old[i] * number(affine.scale, channel)
        }
        for channel in 0..<channels {
            bias[channel] = bias[channel] * number(affine.scale, channel) + number(affine.shift, channel)
        }
        guard let newWeight = try? TensorData(new, shape: tensor.shape),
            let newBias = try? TensorData(bias, shape: [channels])
        else { return nil }
        let name = values[weight].name
        return [add(constant: newWeight, name: name), add(constant: newBias, name: name)]
    }

    /// x · sigmoid(x) and x · hardSigmoid(x) are functions of their own.
    private mutating func recogniseGates() {
        let uses = ProgramUses(self)
        for index in operations.indices {
            guard case .pair(.multiply, let clamp) = operations[index].kind, let a = operations[index].inputs[0],
                let b = operations[index].inputs[1]
            else { continue }
            for (data, gate) in [(a, b), (b, a)] {
                guard let maker = uses.maker[gate], uses.onlyReader(gate) == index, operations[maker].inputs[0] == data,
                    case .function(let function) = operations[maker].kind
                else { continue }
                let joined: ElementaryFunction
                switch function {
                case .sigmoid: joined = .swish(1)
                case .hardSigmoid(let alpha, let beta) where abs(alpha - 1 / 6) < 1e-6 && beta == 0.5:
                    joined = .hardSwish
                default: continue
                }
                guard clamp == .none else { continue }
                operations[index].kind = .function(joined)
                operations[index].inputs = [data]
                operations[index].nodes += operations[maker].nodes
                operations[index].names.insert(contentsOf: operations[maker].names, at: 0)
                operations[index].operators.insert(contentsOf: operations[maker].operators, at: 0)
                operations[maker].outputs = []
                break
            }
        }
        removeEmptied()
    }

    /// A function of a result is applied before the result is stored.
    private mutating func fuseFunctions() {
        let uses = ProgramUses(self)
        var place = Array(operations.indices)
        for index in operations.indices {
            guard case .function(let function) = operations[index].kind, let data = operations[index].inputs[0],
                let made = uses.maker[data], uses.onlyReader(data) == index
            else { continue }
            let maker = place[made]
            switch operations[maker].kind {
            case .convolution(var form) where form.takesEpilogue && form.epilogue.count < 4:
                form.epilogue.append(.function(function))
                operations[maker].kind = .convolution(form)
            case .dense(var form) where form.quantization == nil && form.epilogue.count < 4:
                form.epilogue.append(.function(function))
                operations[maker].kind = .dense(form)
            case .affine(var affine):
                guard let clamp = function.clamp else { continue }
                affine.clamp = affine.clamp.followed(by: clamp)
                operations[maker].kind = .affine(affine)
            case .pair(let pair, let first):
                guard let clamp = function.clamp else { continue }
                operations[maker].kind = .pair(pair, first.followed(by: clamp))
            default: continue
            }
            merge(index, into: maker)
            place[index] = maker
        }
        removeEmptied()
    }

    /// A sum with the result of a convolution that nothing else reads is taken before that result is stored, where the other
    /// operand is there in time.
    private mutating func fuseAdditions() {
        let uses = ProgramUses(self)
        var place = Array(operations.indices)
        // Where the operation of each value now stands.
        func position(_ value: Int) -> Int { uses.maker[value].map { place[$0] } ?? -1 }
        for index in operations.indices {
            guard case .pair(.add, let clamp) = operations[index].kind, let a = operations[index].inputs[0],
                let b = operations[index].inputs[1], a != b, shape(a) == shape(b), values[a].constant == nil,
                values[b].constant == nil
            else { continue }
            let pairs = position(a) > position(b) ? [(a, b), (b, a)] : [(b, a), (a, b)]
            for (result, other) in pairs {
                let maker = position(result)
                guard maker >= 0, uses.onlyReader(result) == index, position(other) < maker,
                    case .convolution(var form) = operations[maker].kind, form.takesEpilogue, form.epilogue.isEmpty
                else { continue }
                form.epilogue.append(.addition)
                if clamp != .none { form.epilogue.append(.function(.clamp(low: clamp.low, high: clamp.high))) }
                operations[maker].kind = .convolution(form)
                operations[maker].inputs.append(other)
                merge(index, into: maker)
                place[index] = maker
                break
            }
        }
        removeEmptied()
    }
}

extension ElementaryFunction {
    var clamp: Clamp? {
        if case .clamp(let low, let high) = self { Clamp(low: low, high: high) } else { nil }
    }
}

extension Convolution {
    /// Whether something may be computed on the results before they are stored. oneDNN 2.6.3 does so in plain loops behind a
    /// transposed convolution.
    fileprivate var takesEpilogue: Bool { quantization == nil && !isTransposed }
}
