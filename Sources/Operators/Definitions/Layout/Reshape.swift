import GraphIR
import Tensors

/// The same elements in order under another shape: 0 copies the input's size (unless `allowzero`), −1 takes what is left.
enum Reshape: Operator {
    static let schema = OperatorSchema("Reshape", versions: [5, 13, 14, 19, 21, 23, 24], inputs: 2...2)
    static var traits: OperatorTraits { [.movesData, .isQuantizable, .reshapes] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        if let target = site.shapeElements(1) {
            return [TensorType(site.elementType(0), try resolve(target.elements, site))]
        }
        // A target that is computed at run time tells the rank by its own length.
        let rank = site.shape(1)?.first?.size
        return [
            TensorType(site.elementType(0), rank.flatMap { $0 <= 64 ? Shape(repeating: .unknown, count: $0) : nil })
        ]
    }

    private static func resolve(_ target: [Dimension], _ site: OperatorSite) throws(CNNOptError) -> Shape {
        let input = site.shape(0)
        let keepsZero = try site.int("allowzero", default: 0) != 0
        var output: Shape = []
        // Places whose size follows from the others: −1, and what is only known at run time.
        var open: [Int] = []
        var inferred = 0
        for (axis, element) in target.enumerated() {
            switch element {
            case .known(0) where !keepsZero:
                guard let input else {
                    output.append(.unknown)
                    continue
                }
                guard axis < input.count else {
                    throw site.failure(
                        .invalidModel,
                        "the target copies axis \(axis) of a tensor of rank \(input.count)"
                    )
                }
                output.append(input[axis])
            case .known(-1):
                inferred += 1
                fallthrough
            case .unknown:
                open.append(axis)
                output.append(.unknown)
            case .known(let size) where size < 0:
                throw site.failure(.invalidModel, "the target has size \(size)")
            case .known, .symbol: output.append(element)
            }
        }
        guard inferred <= 1 else { throw site.failure(.invalidModel, "the target has −1 more than once") }
        guard let input else { return output }
        let total = DimensionProduct(input)
        if open.count == 1 {
            let rest = DimensionProduct(output.indices.filter { $0 != open[0] }.map { output[$0] })
            output[open[0]] = total.divided(by: rest)
        }
        if let sizes = input.sizes, let wanted = output.sizes, checkedProduct(sizes) != checkedProduct(wanted) {
            throw site.failure(.invalidModel, "a tensor of shape \(sizes) does not fit the target \(wanted)")
        }
        return output
    }

    static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] {
        [site.shapeElements(0)?.reshaped(site.shapeElements(1)?.elements.count)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let keepsZero = try site.int("allowzero", default: 0) != 0
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let data = try inputs.required(0)
            var sizes = try inputs.requiredVector(1)
            for axis in sizes.indices where sizes[axis] == 0 && !keepsZero {
                guard axis < data.shape.count else {
                    throw CNNOptError(.invalidModel, "the target copies axis \(axis) of shape \(data.shape)")
                }
                sizes[axis] = data.shape[axis]
            }
            let open = sizes.indices.filter { sizes[$0] == -1 }
            guard open.count <= 1 else { throw CNNOptError(.invalidModel, "the target has −1 more than once") }
            if let axis = open.first {
                sizes[axis] = 1
                guard let rest = checkedProduct(sizes), rest > 0, data.count % rest == 0 else {
                    throw CNNOptError(.invalidModel, "shape \(data.shape) does not fit the target \(sizes)")
                }
                sizes[axis] = data.count / rest
            }
            return [try data.reshaped(sizes)]
        }
    }

    static func forwardedInput(_ site: OperatorSite) throws(CNNOptError) -> Int? {
        site.hasSameShape(0, keepsCount: true) ? 0 : nil
    }

    static func reshapeTarget(_ site: OperatorSite) throws(CNNOptError) -> [Int]? {
        guard let target = site.integers(1), !target.contains(0) else { return nil }
        return target
    }

    static func storableInputs(_ site: OperatorSite) throws(CNNOptError) -> [Int: TensorData] {
        guard site.constant(1) == nil, let target = try target(site, [:]) else { return [:] }
        return [1: try TensorData(target.map(Int64.init))]
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard site.shapeElements(1) != nil else { return .barrier("its target shape is computed at run time") }
        var coupling = ChannelCoupling.reshape(site.shape(0), site.outputType(0).shape)
        // Only axes that the new target can name may shrink.
        coupling.keep { link in
            guard let axis = link.outputAxis else { return false }
            return (try? target(site, [axis: link.count])) != nil
        }
        return coupling
    }

    static func narrowed(_ site: OperatorSite, _ selection: ChannelSelection) throws(CNNOptError) -> NodeEdit {
        guard let output = site.outputType(0).shape else { return NodeEdit() }
        var sizes: [Int: Int] = [:]
        for axis in output.indices { if let kept = selection.kept(.output(0), axis) { sizes[axis] = kept.count } }
        // A 0 copies an input axis, whatever becomes of it: where that axis shrinks and the output's does not, name the size.
        for axis in site.shape(0)?.indices ?? 0..<0 where selection.kept(.input(0), axis) != nil && sizes[axis] == nil {
            if output.indices.contains(axis), let size = output[axis].size { sizes[axis] = size }
        }
        guard !sizes.isEmpty else { return NodeEdit() }
        guard let target = try target(site, sizes) else {
            throw site.failure(.unsupported, "its target shape is computed at run time")
        }
        return NodeEdit(constants: [1: try TensorData(target.map(Int64.init))])
    }

    /// A stored target that gives the output's present shape but for the axes in `sizes`; nil where more than one size is open.
    private static func target(_ site: OperatorSite, _ sizes: [Int: Int]) throws(CNNOptError) -> [Int]? {
        guard let output = site.outputType(0).shape, let elements = site.shapeElements(1)?.elements,
            elements.count == output.count
        else { return nil }
        let keepsZero = try site.int("allowzero", default: 0) != 0
        var target: [Int] = []
        for (axis, element) in elements.enumerated() {
            if let size = sizes[axis] {
                target.append(size)
            } else if case .known(let value) = element {
                target.append(value)
            } else if let size = output[axis].size {
                target.append(size)
            } else if case .symbol = output[axis], !keepsZero, let input = site.shape(0), axis < input.count,
                input[axis] == output[axis]
            {
                target.append(0)
            } else {
                target.append(-1)
            }
        }
        return target.count { $0 == -1 } <= 1 ? target : nil
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        .reshaping
    }
}

extension ShapeElements {
    /// The same elements as a tensor of another rank; nil where that rank is not known to be 0 or 1.
    func reshaped(_ rank: Int?) -> ShapeElements? {
        guard let rank, rank <= 1, rank == 1 || elements.count == 1 else { return nil }
        return ShapeElements(elements, isScalar: rank == 0)
    }
}

extension ChannelCoupling.Link {
    /// The axis of output 0 that the link touches.
    var outputAxis: Int? {
        if from.port == .output(0) { return from.axis }
        return to.port == .output(0) ? to.axis : nil
    }
}

extension ChannelCoupling {
    /// Drops the links that do not hold.
    mutating func keep(_ holds: (Link) -> Bool) {
        links.removeAll { !holds($0) }
        choices = choices.map { $0.filter(holds) }.filter { !$0.isEmpty }
    }
}
