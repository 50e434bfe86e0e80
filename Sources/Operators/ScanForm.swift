import GraphIR
import Tensors

/// The attributes of Scan in either form.
struct ScanForm: Sendable {
    static let attribute = "body"

    /// Operator set 8.
    let isBatched: Bool
    /// The ports at which initial states and scanned inputs begin.
    let firstState: Int
    let stateCount: Int
    /// For each scanned input, the axis and whether it is read from its end.
    let inputAxes: [Int]
    let inputIsReversed: [Bool]

    var firstScanned: Int { firstState + stateCount }

    init(_ site: OperatorSite) throws(CNNOptError) {
        isBatched = site.opset < 9
        firstState = isBatched ? 1 : 0
        guard let count = try site.int("num_scan_inputs") else {
            throw site.failure(.invalidModel, "attribute 'num_scan_inputs' is missing")
        }
        guard count >= 1, count <= site.node.inputs.count - firstState else {
            throw site.failure(
                .invalidModel,
                "\(count) scanned inputs, but the node has \(site.node.inputs.count) inputs"
            )
        }
        stateCount = site.node.inputs.count - firstState - count
        for port in firstState..<site.node.inputs.count where !site.has(port) {
            throw site.failure(.invalidModel, "input \(port) is missing")
        }
        let name = isBatched ? "directions" : "scan_input_directions"
        inputIsReversed = try Self.directions(site, name, count)
        inputAxes =
            isBatched
            ? [Int](repeating: 0, count: count) : try Self.axes(site, "scan_input_axes", count)
    }

    /// The axis of each collected output. The body must have an output for each state and each output of the node.
    func outputAxes(_ site: OperatorSite, _ body: NodeBody) throws(CNNOptError) -> [Int] {
        let collected = try collectedCount(site, body)
        return isBatched ? [Int](repeating: 0, count: collected) : try Self.axes(site, "scan_output_axes", collected)
    }

    /// Whether each collected output is filled from its end.
    func outputDirections(_ site: OperatorSite, _ body: NodeBody) throws(CNNOptError) -> [Bool] {
        let collected = try collectedCount(site, body)
        return isBatched
            ? [Bool](repeating: false, count: collected)
            : try Self.directions(site, "scan_output_directions", collected)
    }

    private func collectedCount(_ site: OperatorSite, _ body: NodeBody) throws(CNNOptError) -> Int {
        let count = body.graph.outputs.count - stateCount
        guard count >= 0, body.graph.feeds.count == stateCount + inputAxes.count,
            site.node.outputs.count <= body.graph.outputs.count
        else {
            throw site.failure(
                .invalidModel,
                "\(stateCount) states, \(inputAxes.count) scanned inputs and \(site.node.outputs.count) outputs do not "
                    + "fit a body of \(body.graph.feeds.count) inputs and \(body.graph.outputs.count) outputs"
            )
        }
        return count
    }

    private static func axes(_ site: OperatorSite, _ name: String, _ count: Int) throws(CNNOptError) -> [Int] {
        guard let axes = try site.ints(name) else { return [Int](repeating: 0, count: count) }
        guard axes.count == count else {
            throw site.failure(.invalidModel, "'\(name)' has \(axes.count) entries instead of \(count)")
        }
        return axes
    }

    private static func directions(
        _ site: OperatorSite,
        _ name: String,
        _ count: Int
    ) throws(CNNOptError) -> [Bool] {
        guard let directions = try site.ints(name) else { return [Bool](repeating: false, count: count) }
        guard directions.count == count, directions.allSatisfy({ $0 == 0 || $0 == 1 }) else {
            throw site.failure(.invalidModel, "'\(name)' is \(directions) and not \(count) times 0 or 1")
        }
        return directions.map { $0 == 1 }
    }
}

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
