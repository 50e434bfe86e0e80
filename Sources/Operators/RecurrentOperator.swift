import GraphIR
import Tensors

/// An operator that walks along a sequence with a state: inputs are the sequence, its weights, the state's weights, biases,
/// the lengths of the sequences, and the first state.
protocol RecurrentOperator: Operator {
    /// The functions of one direction where none are named.
    static var usualActivations: [String] { get }
    /// Rows of the weights for each element of the state.
    static var gates: Int { get }
    /// One step of one direction.
    static func cell(_ site: OperatorSite, _ form: RecurrentForm) throws(CNNOptError) -> RecurrentCell
    /// The ports of the first memory and of the peepholes, where the operator has them.
    static var memoryPorts: (memory: Int, peepholes: Int)? { get }
}

/// One step: what the gates sum up to, from the input and from the state, and the numbers that the step may use.
typealias RecurrentCell =
    @Sendable (_ step: RecurrentStep, _ state: inout [Double], _ memory: inout [Double]) -> Void

extension RecurrentOperator {
    static var memoryPorts: (memory: Int, peepholes: Int)? { nil }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let (all, last) = try RecurrentForm(site, usual: usualActivations).types(site)
        return memoryPorts == nil ? [all, last] : [all, last, last]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let form = try RecurrentForm(site, usual: usualActivations)
        let cell = try cell(site, form)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            try RecurrentLoop(inputs, form, gates: gates, memoryPorts: memoryPorts).run(cell)
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its state is fed back")
    }

    static func cost(_ site: OperatorSite) throws(CNNOptError) -> Cost? {
        guard let x = site.type(0).sizes, let w = site.type(1).sizes, let r = site.type(2).sizes, x.count == 3,
            let steps = checkedProduct(x[..<2]), let input = checkedProduct(w), let state = checkedProduct(r),
            let macs = checkedProduct([steps, input]), let more = checkedProduct([steps, state])
        else { return nil }
        let (sum, overflow) = macs.addingReportingOverflow(more)
        return overflow ? nil : Cost(macs: sum)
    }
}

/// What one step of one sequence works on.
struct RecurrentStep {
    let direction: Int
    let hidden: Int
    /// For each gate and element: the input's part with its bias.
    let input: [Double]
    /// The biases of the state's part.
    let stateBias: ArraySlice<Double>
    let peepholes: ArraySlice<Double>?
    fileprivate let weights: ArraySlice<Double>

    /// Row `row` of the state's weights times a state, without bias.
    func product(_ row: Int, _ state: [Double]) -> Double {
        let first = weights.startIndex + row * hidden
        var sum = 0.0
        for k in 0..<hidden { sum += weights[first + k] * state[k] }
        return sum
    }

    /// The bias of row `row` of the state's weights.
    func bias(_ row: Int) -> Double { stateBias[stateBias.startIndex + row] }

    /// All of what gate row `row` sums up to.
    func sum(_ row: Int, _ state: [Double]) -> Double { input[row] + product(row, state) + bias(row) }
}

/// The walk along all sequences of a batch.
struct RecurrentLoop {
    private let form: RecurrentForm
    private let type: ElementType
    private let gates: Int
    private let steps: Int
    private let batch: Int
    private let width: Int
    private let hidden: Int
    private let x: [Double]
    private let w: [Double]
    private let r: [Double]
    private let biases: [Double]
    private let lengths: [Int]
    private let firstState: [Double]
    private let firstMemory: [Double]
    private let peepholes: [Double]?
    private let hasMemory: Bool

    init(
        _ inputs: [TensorData?],
        _ form: RecurrentForm,
        gates: Int,
        memoryPorts: (memory: Int, peepholes: Int)?
    ) throws(CNNOptError) {
        let (x, w, r) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
        let directions = form.directions.count
        guard x.shape.count == 3, r.shape.count == 3, w.shape.count == 3,
            let rows = checkedProduct([gates, r.shape[2]]), w.shape == [directions, rows, x.shape[2]],
            r.shape == [directions, rows, r.shape[2]]
        else {
            throw CNNOptError(.invalidModel, "weights of shape \(w.shape) and \(r.shape) for an input of \(x.shape)")
        }
        self.form = form
        self.gates = gates
        type = x.elementType
        (width, hidden) = (x.shape[2], r.shape[2])
        (steps, batch) = form.isBatchFirst ? (x.shape[1], x.shape[0]) : (x.shape[0], x.shape[1])
        self.x = try x.doubles()
        self.w = try w.doubles()
        self.r = try r.doubles()
        let (steps, batch, hidden) = (self.steps, self.batch, self.hidden)

        func numbers(_ port: Int, _ shape: [Int]) throws(CNNOptError) -> [Double]? {
            guard let tensor = inputs.optional(port) else { return nil }
            guard tensor.shape == shape else {
                throw CNNOptError(.invalidModel, "input \(port) has shape \(tensor.shape), not \(shape)")
            }
            return try tensor.doubles()
        }
        let state = form.isBatchFirst ? [batch, directions, hidden] : [directions, batch, hidden]
        try IndexedCopy.check(state, .float64)
        let zeros = [Double](repeating: 0, count: state.reduce(1, *))
        biases = try numbers(3, [directions, 2 * rows]) ?? [Double](repeating: 0, count: 2 * rows * directions)
        firstState = try numbers(5, state) ?? zeros
        firstMemory =
            try memoryPorts.flatMap { (ports) throws(CNNOptError) in try numbers(ports.memory, state) } ?? zeros
        peepholes = try memoryPorts.flatMap { (ports) throws(CNNOptError) in
            try numbers(ports.peepholes, [directions, 3 * hidden])
        }
        hasMemory = memoryPorts != nil
        let lengths = try inputs.integers(4) ?? [Int](repeating: steps, count: batch)
        guard lengths.count == batch, lengths.allSatisfy({ (0...steps).contains($0) }) else {
            throw CNNOptError(.invalidModel, "\(lengths.count) sequence lengths for a batch of \(batch)")
        }
        self.lengths = lengths
    }

    /// All states, the last ones, and the last memories where there are any.
    func run(_ cell: RecurrentCell) throws(CNNOptError) -> [TensorData] {
        let directions = form.directions.count
        let shape =
            form.isBatchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden]
        try IndexedCopy.check(shape, .float64)
        var all = [Double](repeating: 0, count: shape.reduce(1, *))
        var (lastState, lastMemory) = (firstState, firstMemory)
        for (direction, isReverse) in form.directions.enumerated() {
            for image in 0..<batch {
                let place = (form.isBatchFirst ? image * directions + direction : direction * batch + image) * hidden
                var state = Array(firstState[place..<place + hidden])
                var memory = Array(firstMemory[place..<place + hidden])
                for index in 0..<lengths[image] {
                    let time = isReverse ? lengths[image] - 1 - index : index
                    cell(step(direction, image, time), &state, &memory)
                    let row =
                        form.isBatchFirst
                        ? (image * steps + time) * directions + direction
                        : (time * directions + direction) * batch + image
                    for k in 0..<hidden { all[row * hidden + k] = state[k] }
                }
                for k in 0..<hidden { (lastState[place + k], lastMemory[place + k]) = (state[k], memory[k]) }
            }
        }
        let last = form.isBatchFirst ? [batch, directions, hidden] : [directions, batch, hidden]
        let results = [
            try TensorData(all, shape: shape).cast(to: type), try TensorData(lastState, shape: last).cast(to: type),
        ]
        return hasMemory ? results + [try TensorData(lastMemory, shape: last).cast(to: type)] : results
    }

    private func step(_ direction: Int, _ image: Int, _ time: Int) -> RecurrentStep {
        let rows = gates * hidden
        let source = (form.isBatchFirst ? image * steps + time : time * batch + image) * width
        let input = (0..<rows).map { row in
            let first = (direction * rows + row) * width
            var sum = biases[direction * 2 * rows + row]
            for k in 0..<width { sum += w[first + k] * x[source + k] }
            return sum
        }
        return RecurrentStep(
            direction: direction,
            hidden: hidden,
            input: input,
            stateBias: biases[(direction * 2 + 1) * rows..<(direction * 2 + 2) * rows],
            peepholes: peepholes.map { $0[direction * 3 * hidden..<(direction + 1) * 3 * hidden] },
            weights: r[direction * rows * hidden..<(direction + 1) * rows * hidden]
        )
    }
}
