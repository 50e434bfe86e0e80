import GraphIR
import Tensors

/// A list of integers that older operator sets keep in an attribute and newer ones take as an input: axes, pads, sizes.
struct ListParameter: Sendable {
    /// The attribute's name.
    let name: String
    /// The input's port.
    let port: Int
    /// The first operator set that takes the input.
    let since: Int

    init(_ name: String, port: Int, since: Int) {
        self.name = name
        self.port = port
        self.since = since
    }

    /// What is known of the list before the model runs.
    enum Knowledge {
        case absent
        case known([Int])
        /// An input that is computed at run time.
        case computed
    }

    func isInput(_ site: OperatorSite) -> Bool { site.opset >= since }

    func knowledge(_ site: OperatorSite) throws(CNNOptError) -> Knowledge {
        guard isInput(site) else {
            let list = try site.ints(name)
            return list.map(Knowledge.known) ?? .absent
        }
        guard site.has(port) else { return .absent }
        guard let list = site.integers(port) else { return .computed }
        return .known(list)
    }

    /// The list where it is known; nil where it is absent or computed.
    func known(_ site: OperatorSite) throws(CNNOptError) -> [Int]? {
        if case .known(let list) = try knowledge(site) { list } else { nil }
    }

    /// What a kernel reads the list with at run time; the result is nil where it is absent.
    func reader(
        _ site: OperatorSite
    ) throws(CNNOptError) -> @Sendable ([TensorData?]) throws(CNNOptError) -> [Int]? {
        guard isInput(site) else {
            let list = try site.ints(name)
            return { (_) throws(CNNOptError) in list }
        }
        let port = port
        return { (inputs) throws(CNNOptError) in try inputs.integers(port) }
    }

    /// The change of a node that makes `list` its value.
    func edit(_ list: [Int], _ site: OperatorSite) throws(CNNOptError) -> NodeEdit {
        guard isInput(site) else { return NodeEdit(attributes: [Attribute(name, list)]) }
        return NodeEdit(constants: [port: try tensor(list, site)])
    }

    private func tensor(_ list: [Int], _ site: OperatorSite) throws(CNNOptError) -> TensorData {
        site.elementType(port) == .int32
            ? try TensorData(list.map { Int32(clamping: $0) }) : try TensorData(list.map(Int64.init))
    }

    /// The list as the input of a newer form; nil where the node has none.
    func operand(_ site: OperatorSite) throws(CNNOptError) -> OperatorRewrite.Operand? {
        guard let list = try site.ints(name) else { return nil }
        return .constant(try TensorData(list.map(Int64.init)), stem: name)
    }
}

extension NodeEdit {
    /// Both edits; `other` wins where they touch the same place.
    func merging(_ other: NodeEdit) -> NodeEdit {
        var result = self
        result.attributes.removeAll { mine in other.attributes.contains { $0.name == mine.name } }
        result.attributes += other.attributes
        result.constants.merge(other.constants) { $1 }
        return result
    }
}

extension [TensorData?] {
    /// The integers of the input at a port; nil where it is absent.
    /// - Throws: `invalidModel` where it holds no integers.
    func integers(_ port: Int) throws(CNNOptError) -> [Int]? {
        guard let tensor = optional(port) else { return nil }
        guard let integers = tensor.integers() else {
            throw CNNOptError(.invalidModel, "input \(port) is \(tensor.elementType.onnxName), not integers")
        }
        return integers
    }

    /// The integers of an input that has to be there.
    func requiredIntegers(_ port: Int) throws(CNNOptError) -> [Int] {
        guard let integers = try integers(port) else { throw CNNOptError(.invalidModel, "input \(port) is missing") }
        return integers
    }

    /// The numbers of an integer vector, one for each axis of some tensor.
    /// - Throws: `invalidModel` where the input is missing or of rank above 1.
    func requiredVector(_ port: Int) throws(CNNOptError) -> [Int] {
        let rank = try required(port).shape.count
        guard rank <= 1 else { throw CNNOptError(.invalidModel, "input \(port) is no vector but has rank \(rank)") }
        return try requiredIntegers(port)
    }
}

/// Axes counted from the front.
enum AxisNumbers {
    /// The axis counted from the front.
    /// - Throws: `invalidModel` where it lies outside −rank ..< rank.
    static func normalized(_ axis: Int, rank: Int) throws(CNNOptError) -> Int {
        guard axis >= -rank, axis < rank else {
            throw CNNOptError(.invalidModel, "axis \(axis) is outside a tensor of rank \(rank)")
        }
        return axis < 0 ? axis + rank : axis
    }

    /// All axes counted from the front, in the order given.
    /// - Throws: `invalidModel` where one is outside the rank or occurs twice.
    static func normalized(_ axes: [Int], rank: Int) throws(CNNOptError) -> [Int] {
        var result: [Int] = []
        var isTaken = [Bool](repeating: false, count: rank)
        for axis in axes {
            let axis = try normalized(axis, rank: rank)
            guard !isTaken[axis] else { throw CNNOptError(.invalidModel, "axis \(axis) is given twice") }
            isTaken[axis] = true
            result.append(axis)
        }
        return result
    }
}
