import GraphIR
import Tensors

/// Runs a Scan.
struct ScanRun: Sendable {
    let form: ScanForm
    let outputAxes: [Int]
    let outputIsReversed: [Bool]
    /// What is known of one trip's collected outputs.
    let expected: [TensorType]
    let runner: any BodyRunner

    /// Without a batch axis.
    func single(
        _ inputs: [TensorData?],
        _ captured: [TensorData?],
        _ threads: Int,
        _ budget: inout RunBudget
    ) throws(CNNOptError) -> [TensorData] {
        var slices: [TensorSlices] = []
        for (index, axis) in form.inputAxes.enumerated() {
            slices.append(try TensorSlices(inputs.required(form.firstScanned + index), axis: axis))
        }
        let length = try commonLength(slices)
        var state: [TensorData] = []
        for port in 0..<form.stateCount { state.append(try inputs.required(form.firstState + port)) }
        let stacks = try trips(length, &state, slices, captured, threads, &budget)
        for (index, stack) in stacks.enumerated() {
            state.append(
                try stack.joined(
                    along: outputAxes[index],
                    reversed: outputIsReversed[index],
                    expected: expected[index]
                )
            )
        }
        return state
    }

    /// With a batch axis in front of everything: one entry after the other, each for its own number of trips. Collected
    /// outputs of shorter entries end with zeros.
    func batched(
        _ inputs: [TensorData?],
        _ captured: [TensorData?],
        _ threads: Int,
        _ budget: inout RunBudget
    ) throws(CNNOptError) -> [TensorData] {
        var entries: [TensorSlices] = []
        for port in form.firstState..<inputs.count {
            entries.append(try TensorSlices(inputs.required(port), axis: 0))
        }
        let batch = try commonLength(entries)
        let lengths = try inputs.integers(0)
        guard lengths.map({ $0.count == batch }) ?? true else {
            throw CNNOptError(.invalidModel, "\(lengths?.count ?? 0) sequence lengths for a batch of \(batch)")
        }
        var states = [TensorStack](repeating: TensorStack(), count: form.stateCount)
        var collected = [TensorStack](repeating: TensorStack(), count: expected.count)
        for entry in 0..<batch {
            var state: [TensorData] = []
            for port in 0..<form.stateCount { state.append(try entries[port].slice(entry)) }
            var slices: [TensorSlices] = []
            for scanned in entries.dropFirst(form.stateCount) {
                slices.append(try TensorSlices(scanned.slice(entry), axis: 0))
            }
            let longest = try commonLength(slices)
            let length = lengths?[entry] ?? longest
            guard length >= 0, length <= longest else {
                throw CNNOptError(.invalidModel, "a sequence length of \(length), but the input has \(longest) entries")
            }
            let stacks = try trips(length, &state, slices, captured, threads, &budget)
            try states.append(state[...])
            var results: [TensorData] = []
            for (stack, type) in zip(stacks, expected) {
                results.append(try stack.joined(expected: type).extended(to: longest))
            }
            try collected.append(results[...])
            try budget.checkHeld([], states + collected)
        }
        var outputs: [TensorData] = []
        for (port, stack) in states.enumerated() {
            let initial = try inputs.required(form.firstState + port)
            let type = TensorType(initial.elementType, Shape(sizes: Array(initial.shape.dropFirst())))
            outputs.append(try stack.joined(expected: type))
        }
        for (stack, var type) in zip(collected, expected) {
            type.shape = type.shape.map { [.unknown] + $0 }
            outputs.append(try stack.joined(expected: type))
        }
        return outputs
    }

    private func commonLength(_ slices: [TensorSlices]) throws(CNNOptError) -> Int {
        let lengths = Set(slices.map(\.count))
        guard lengths.count <= 1 else {
            throw CNNOptError(.invalidModel, "inputs of \(lengths.sorted()) entries are scanned together")
        }
        return lengths.first ?? 0
    }

    private func trips(
        _ length: Int,
        _ state: inout [TensorData],
        _ slices: [TensorSlices],
        _ captured: [TensorData?],
        _ threads: Int,
        _ budget: inout RunBudget
    ) throws(CNNOptError) -> [TensorStack] {
        var stacks = [TensorStack](repeating: TensorStack(), count: expected.count)
        for trip in 0..<length {
            try budget.takeTrip()
            var arguments: [TensorData?] = state
            for (index, scanned) in slices.enumerated() {
                let place = form.inputIsReversed[index] ? length - 1 - trip : trip
                arguments.append(try scanned.slice(place))
            }
            let results = try runner.run(arguments, captured: captured, threads: threads, budget: &budget)
            state = Array(results.prefix(form.stateCount))
            try stacks.append(results[form.stateCount...])
            try budget.checkHeld(state, stacks)
        }
        return stacks
    }
}

extension TensorData {
    /// The tensor with zeros behind it up to a size of its first axis.
    fileprivate func extended(to size: Int) throws(CNNOptError) -> TensorData {
        guard let count = shape.first, count < size else { return self }
        let row = rowMajorStrides(shape)[0]
        let places = (0..<size).map { $0 < count ? $0 * row : -1 }
        let strides = rowMajorStrides(shape)
        let rest = shape.indices.dropFirst().map {
            IndexedCopy.Axis.strided(start: 0, step: strides[$0], count: shape[$0])
        }
        return try IndexedCopy(axes: [.listed(places)] + rest).run(self, threads: 1)
    }
}
