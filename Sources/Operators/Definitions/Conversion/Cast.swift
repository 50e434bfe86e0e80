import GraphIR
import Tensors

/// The input in the element type that the attribute `to` names.
enum Cast: MergingOperator {
    static let schema = OperatorSchema("Cast", versions: [1, 6, 9, 13, 19, 21, 23, 24, 25], inputs: 1...1)
    static var traits: OperatorTraits { [.elementwise] }

    static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        ReorderedNode()
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        [TensorType(try target(site), site.shape(0))]
    }

    static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] {
        [site.castElements(to: try target(site))]
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling { .identity(site) }

    static func forwardedInput(_ site: OperatorSite) throws(CNNOptError) -> Int? {
        try site.elementType(0) == target(site) ? 0 : nil
    }

    /// Where the type in between holds every number of the first, the step through it changes nothing.
    static func merged(
        _ site: OperatorSite,
        after earlier: OperatorSite,
        of definition: any Operator.Type
    ) throws(CNNOptError) -> MergedNode? {
        let (target, between) = (try target(site), try target(earlier))
        guard definition == Self.self, let source = earlier.elementType(0), between.holds(source),
            target == .bool || target.holds(.bool)
        else { return nil }
        if target == source { return .nothing }
        // An integer out of the target's range: what a float makes of it is not what an integer makes of it.
        guard !source.isInteger || !between.isFloat || !target.isInteger || target.holds(source) else { return nil }
        return MergedNode("Cast", [.earlier(0)], attributes: [Attribute("to", Int(target.rawValue))])
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let target = try target(site)
        let rule = try CastRule(site)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in [try inputs.required(0).cast(to: target, rule)] }
    }

    private static func target(_ site: OperatorSite) throws(CNNOptError) -> ElementType {
        guard let number = try site.int("to") else { throw site.failure(.invalidModel, "attribute 'to' is missing") }
        guard let raw = Int32(exactly: number), let type = ElementType(rawValue: raw) else {
            throw site.failure(.unsupported, "element type number \(number)")
        }
        return type
    }

    static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        guard fragment.wants(0), let type = site.elementType(0) else { return }
        let gradient = try fragment.gradient()
        fragment.set(fragment.add("Cast", [gradient], [Attribute("to", Int(type.rawValue))]), for: 0)
    }
}

extension CastRule {
    /// The attributes `saturate` and `round_mode`.
    init(_ site: OperatorSite) throws(CNNOptError) {
        let mode = try site.string("round_mode", default: "up")
        guard let rounding = PowerOfTwo.Rounding(rawValue: mode) else {
            throw site.failure(.invalidModel, "attribute 'round_mode' is '\(mode)', not up, down or nearest")
        }
        self.init(saturates: try site.int("saturate", default: 1) != 0, powerRounding: rounding)
    }
}

extension OperatorSite {
    /// The first input's elements in another type, where they are the same numbers there.
    func castElements(to target: ElementType) -> ShapeElements? {
        guard let elements = shapeElements(0) else { return nil }
        let limit: Int
        switch target {
        case .int64: return elements
        case .int32, .float64: limit = Int(Int32.max)
        case .float32: limit = 1 << 24
        default: return nil
        }
        return ShapeElements(
            elements.elements.map {
                if case .known(let value) = $0, value.magnitude > limit { .unknown } else { $0 }
            },
            isScalar: elements.isScalar
        )
    }
}
