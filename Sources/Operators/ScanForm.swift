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
