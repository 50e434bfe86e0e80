import GraphIR
import Tensors

/// The input clamped to an interval: from attributes `min` and `max` below version 11, from optional inputs from there on.
enum Clip: MergingOperator {
    static let schema = OperatorSchema("Clip", versions: [1, 6, 11, 12, 13], inputs: 1...3)
    static var traits: OperatorTraits { [.elementwise, .isQuantizable] }

    static func traits(_ site: OperatorSite) throws(CNNOptError) -> OperatorTraits {
        let lower = site.opset < 11 ? try site.float("min").map(Double.init) : try site.constant(1)?.doubles().first
        return lower == 0 ? traits.union(.isRectifier) : traits
    }

    static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        ReorderedNode()
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        if site.opset < 11 { try site.checkNoInputs(from: 1) }
        return [site.type(0)]
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling { .identity(site) }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        if site.opset < 11 {
            let (lower, upper) = (try site.float("min"), try site.float("max"))
            return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
                let x = try inputs.required(0)
                return [
                    try clamp(
                        x,
                        lower.map { (bound) throws(CNNOptError) in try scalar(bound, x.elementType) },
                        upper.map { (bound) throws(CNNOptError) in try scalar(bound, x.elementType) },
                        threads
                    )
                ]
            }
        }
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            [try clamp(inputs.required(0), inputs.optional(1), inputs.optional(2), threads)]
        }
    }

    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard site.opset < 11, opset >= 11 else { return nil }
        guard let type = site.elementType(0) else { throw site.failure(.unsupported, "its element type is unknown") }
        let lower = try site.float("min").map { (value) throws(CNNOptError) in
            OperatorRewrite.Operand.constant(try scalar(value, type), stem: "min")
        }
        let upper = try site.float("max").map { (value) throws(CNNOptError) in
            OperatorRewrite.Operand.constant(try scalar(value, type), stem: "max")
        }
        if lower == nil, upper == nil { return nil }
        let inputs = upper == nil ? [.input(0), lower] : [.input(0), lower, upper]
        return OperatorRewrite([OperatorRewrite.Step("Clip", inputs)])
    }

    private static func scalar(_ value: Float, _ type: ElementType) throws(CNNOptError) -> TensorData {
        try TensorData([value], shape: []).cast(to: type)
    }

    /// The upper bound wins where the bounds cross.
    private static func clamp(_ x: TensorData, _ lower: TensorData?, _ upper: TensorData?, _ threads: Int)
        throws(CNNOptError) -> TensorData
    {
        for bound in [lower, upper] {
            guard let bound, bound.count != 1 || bound.elementType != x.elementType else { continue }
            throw CNNOptError(
                .invalidModel,
                "a bound is \(bound.elementType.onnxName)\(bound.shape), but it must be one \(x.elementType.onnxName)"
            )
        }
        if x.elementType.isFloat {
            let low = try lower?.doubles().first ?? -.infinity
            let high = try upper?.doubles().first ?? .infinity
            let (lowFloat, highFloat) = (Float(low), Float(high))
            let function = UnaryFunction(
                floatLoop: { x, y, range in
                    for i in range { y[i] = Mathematics.smaller(Mathematics.larger(x[i], lowFloat), highFloat) }
                },
                doubleLoop: { x, y, range in
                    for i in range { y[i] = Mathematics.smaller(Mathematics.larger(x[i], low), high) }
                }
            )
            return try function.apply(to: x, threads: threads)
        }
        var result = x
        if let lower { result = try Max.function.apply(result, lower.reshaped([]), threads: threads) }
        if let upper { result = try Min.function.apply(result, upper.reshaped([]), threads: threads) }
        return result
    }

    static func merged(
        _ site: OperatorSite,
        after earlier: OperatorSite,
        of definition: any Operator.Type
    ) throws(CNNOptError) -> MergedNode? {
        guard case .unary(let function)? = try computation(site) else { return nil }
        return try merged(site, function, after: earlier, of: definition)
    }

    /// A clamp after a clamp of 32-bit floats: one clamp, to the first interval as the second one clamps it.
    static func merged(
        _ site: OperatorSite,
        _ function: ElementaryFunction,
        after earlier: OperatorSite,
        of definition: any Operator.Type
    ) throws(CNNOptError) -> MergedNode? {
        guard site.opset >= 6, site.elementType(0) == .float32, case .clamp(let low, let high) = function, low <= high,
            case .unary(.clamp(let first, let last))? = try definition.computation(earlier), first <= last
        else { return nil }
        let (lower, upper) = (min(max(first, low), high), min(max(last, low), high))
        if lower == 0, upper == .infinity { return MergedNode("Relu", [.earlier(0)]) }
        var merged = MergedNode("Clip", [.earlier(0)])
        let bounds = [("min", lower, -Float.infinity), ("max", upper, Float.infinity)]
        for (name, value, open) in bounds {
            if site.opset < 11 {
                if value != open { merged.attributes.append(Attribute(name, value)) }
            } else {
                merged.inputs.append(
                    value == open ? nil : .constant(try TensorData([value], shape: []), stem: name)
                )
            }
        }
        while case nil? = merged.inputs.last { merged.inputs.removeLast() }
        return merged
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        if site.opset < 11 {
            let (low, high) = (try site.float("min"), try site.float("max"))
            return .unary(.clamp(low: low ?? -.infinity, high: high ?? .infinity))
        }
        var bounds: (Float, Float) = (-.infinity, .infinity)
        for port in 1...2 where site.has(port) {
            guard let bound = site.constant(port), bound.count == 1, bound.elementType == .float32,
                let value = try bound.doubles().first
            else { return nil }
            if port == 1 { bounds.0 = Float(value) } else { bounds.1 = Float(value) }
        }
        return .unary(.clamp(low: bounds.0, high: bounds.1))
    }

    static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        guard fragment.wants(0) else { return }
        func bound(_ port: Int) throws(CNNOptError) -> Double? {
            guard site.has(port) else { return port == 1 ? -.infinity : .infinity }
            return try site.constant(port)?.doubles().first
        }
        guard let low = try bound(1), let high = try bound(2) else { return }
        let gradient = try fragment.gradient()
        guard let inside = try fragment.inside(.output(0), low, high) else { return fragment.set(gradient, for: 0) }
        fragment.set(fragment.product(gradient, inside), for: 0)
    }
}
