import GraphIR
import Tensors

/// A graph run over and over: a number of times, while a condition holds, or both. Some of its outputs are the next trip's
/// inputs, the others are collected along a new first axis.
enum Loop: LoopingOperator {
    static let schema = OperatorSchema(
        "Loop",
        versions: [1, 11, 13, 16, 19, 21, 23, 24, 25],
        inputs: 2...Int.max,
        outputs: 1...Int.max
    )

    private static let attribute = "body"

    private static func carriedCount(_ site: OperatorSite) -> Int { max(site.node.inputs.count - 2, 0) }

    /// The shape of the trip number and of a condition that is not given: old exporters' bodies take vectors of one element.
    private static func shape(_ site: OperatorSite, _ input: Int) -> Shape {
        guard case .graph(let body)? = site.node.attribute(attribute)?.value, body.feeds.indices.contains(input),
            body[body.feeds[input]].type?.tensor?.rank == 1
        else { return [] }
        return [1]
    }

    static func bodySignature(_ site: OperatorSite, of attribute: String) throws(CNNOptError) -> BodySignature? {
        guard attribute == Self.attribute else { return nil }
        var inputs = [
            OperatorSite.Input(type: TensorType(.int64, shape(site, 0))),
            site.input(1) ?? OperatorSite.Input(type: TensorType(.bool, shape(site, 1))),
        ]
        var feedback = [0: 1]
        for port in 0..<carriedCount(site) {
            guard let initial = site.input(port + 2) else {
                throw site.failure(.invalidModel, "input \(port + 2) is missing")
            }
            inputs.append(initial)
            feedback[port + 1] = port + 2
        }
        return BodySignature(inputs: inputs, feedback: feedback)
    }

    /// The number of outputs that are collected.
    private static func collectedCount(_ site: OperatorSite, _ body: NodeBody) throws(CNNOptError) -> Int {
        let collected = body.graph.outputs.count - 1 - carriedCount(site)
        guard collected >= 0, body.graph.feeds.count == carriedCount(site) + 2,
            site.node.outputs.count <= carriedCount(site) + collected
        else {
            throw site.failure(
                .invalidModel,
                "\(carriedCount(site)) carried values and \(site.node.outputs.count) outputs do not fit a body of "
                    + "\(body.graph.feeds.count) inputs and \(body.graph.outputs.count) outputs"
            )
        }
        return collected
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let body = try site.body(attribute)
        _ = try collectedCount(site, body)
        let carried = carriedCount(site)
        // What holds on entry of each trip holds at the end too.
        var types = Array(body.inputTypes.dropFirst(2))
        for var type in body.outputTypes.dropFirst(1 + carried) {
            if let shape = type.shape { type.shape = [.unknown] + shape }
            types.append(type)
        }
        return types
    }

    static func outputsWithoutTrips(_ site: OperatorSite) throws(CNNOptError) -> [LoopingOutput?]? {
        let trips = site.integers(0)
        let condition = site.integers(1)
        guard trips.map({ $0.count == 1 && $0[0] <= 0 }) ?? false || condition.map({ $0 == [0] }) ?? false else {
            return nil
        }
        let carried = carriedCount(site)
        var outputs: [LoopingOutput?] = []
        for port in site.node.outputs.indices {
            if port < carried {
                outputs.append(.input(port + 2))
            } else if site.isUsed(port) {
                let type = site.outputType(port)
                guard let element = type.elementType, let shape = type.shape,
                    let sizes = Array(shape.dropFirst()).sizes
                else { return nil }
                outputs.append(.stored(try TensorData(zeros: element, shape: [0] + sizes)))
            } else {
                outputs.append(nil)
            }
        }
        return outputs
    }

    /// As many trips as the count allows: the condition may end them earlier.
    static func cost(_ site: OperatorSite) throws(CNNOptError) -> Cost? {
        guard let macs = try site.body(attribute).cost.macs else { return nil }
        if macs == 0 { return Cost(macs: 0) }
        guard let trips = site.integers(0)?.first else { return nil }
        return checkedProduct([macs, max(trips, 0)]).map { Cost(macs: $0) }
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let body = try site.body(attribute)
        let runner = try site.runner(attribute)
        let carried = carriedCount(site)
        let inputCount = site.node.inputs.count
        let collected = try min(collectedCount(site, body), max(site.node.outputs.count - carried, 0))
        let expected = Array(body.outputTypes.dropFirst(1 + carried).prefix(collected))
        let (tripShape, conditionShape) = (shape(site, 0).sizes ?? [], shape(site, 1).sizes ?? [])
        return BodyKernel { (arguments, threads, budget) throws(CNNOptError) in
            let limit = try arguments.tripLimit()
            var condition = try TensorData.make(UInt8.self, as: .bool, shape: conditionShape) {
                (flag) throws(CNNOptError) in flag[0] = 1
            }
            var goesOn = true
            if let given = arguments.optional(1) {
                goesOn = try given.truthValue("the condition")
                condition = given
            }
            var state: [TensorData] = []
            for port in 2..<2 + carried { state.append(try arguments.required(port)) }
            let captured = Array(arguments.dropFirst(inputCount))
            var stacks = [TensorStack](repeating: TensorStack(), count: collected)
            var trip: Int64 = 0
            while goesOn, trip < limit {
                try budget.takeTrip()
                let results = try runner.run(
                    [try TensorData([trip], shape: tripShape), condition] + state,
                    captured: captured,
                    threads: threads,
                    budget: &budget
                )
                condition = results[0]
                goesOn = try condition.truthValue("the condition that the body computes")
                state = Array(results[1..<1 + carried])
                try stacks.append(results[(1 + carried)...])
                try budget.checkHeld(state, stacks)
                trip += 1
            }
            for (stack, type) in zip(stacks, expected) { state.append(try stack.joined(expected: type)) }
            return state
        }
    }
}

extension [TensorData?] {
    /// The largest number of trips that the first input allows.
    fileprivate func tripLimit() throws(CNNOptError) -> Int64 {
        guard let tensor = optional(0) else { return .max }
        guard tensor.count == 1, let number = tensor.integers()?.first else {
            throw CNNOptError(
                .invalidModel,
                "the trip count is \(tensor.elementType.onnxName)\(tensor.shape) and not one integer"
            )
        }
        return Int64(number)
    }
}
