import GraphIR
import Tensors

/// The numbers from start up to, but without, limit in steps of delta.
enum RangeOperator: Operator {
    static let schema = OperatorSchema("Range", versions: [11], inputs: 3...3)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let type = site.elementType(0) ?? site.elementType(1)
        guard let a = site.integers(0)?.first, let b = site.integers(1)?.first, let step = site.integers(2)?.first
        else {
            // Starting at 0 in steps of 1, a symbolic limit is the size.
            if site.integers(0) == [0], site.integers(2) == [1], let limit = site.shapeElements(1)?.elements.first {
                return [TensorType(type, [limit])]
            }
            return [TensorType(type, [.unknown])]
        }
        return [TensorType(type, [.known(try count(a, b, step))])]
    }

    static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] {
        guard let a = site.integers(0)?.first, let b = site.integers(1)?.first, let step = site.integers(2)?.first
        else { return [] }
        let count = try count(a, b, step)
        guard count <= ShapeElements.limit else { return [] }
        return [ShapeElements((0..<count).map { .known(a + $0 * step) })]
    }

    /// The number of steps; all numbers on the way then lie between start and limit.
    private static func count(_ start: Int, _ limit: Int, _ step: Int) throws(CNNOptError) -> Int {
        let (distance, overflow) = limit.subtractingReportingOverflow(start)
        guard step != 0, !overflow else {
            throw CNNOptError(.invalidModel, "a range from \(start) to \(limit) in steps of \(step)")
        }
        guard distance != 0, (distance > 0) == (step > 0) else { return 0 }
        let steps = (distance.magnitude - 1) / step.magnitude
        return Int(clamping: steps) == Int.max ? Int.max : Int(steps) + 1
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let bounds = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
            guard bounds.0.count == 1, bounds.1.count == 1, bounds.2.count == 1,
                bounds.0.elementType == bounds.1.elementType, bounds.0.elementType == bounds.2.elementType
            else { throw CNNOptError(.invalidModel, "start, limit and delta are not three numbers of one type") }
            switch bounds.0.elementType {
            case .float32: return [try real(Float.self, bounds.0, bounds.1, bounds.2)]
            case .float64: return [try real(Double.self, bounds.0, bounds.1, bounds.2)]
            case .float16, .bfloat16:
                let wide = (
                    try HalfPrecision.widened(bounds.0), try HalfPrecision.widened(bounds.1),
                    try HalfPrecision.widened(bounds.2)
                )
                let result = try real(Float.self, wide.0, wide.1, wide.2)
                return [try HalfPrecision.narrowed(result, to: bounds.0.elementType)]
            case .int16: return [try whole(inputs) { Int16(truncatingIfNeeded: $0) }]
            case .int32: return [try whole(inputs) { Int32(truncatingIfNeeded: $0) }]
            case .int64: return [try whole(inputs) { Int64($0) }]
            default: throw CNNOptError(.unsupported, "element type \(bounds.0.elementType.onnxName)")
            }
        }
    }

    private static func whole<T: TensorScalar>(
        _ inputs: [TensorData?],
        _ convert: (Int) -> T
    ) throws(CNNOptError) -> TensorData {
        let bounds = try inputs.requiredIntegers(0) + inputs.requiredIntegers(1) + inputs.requiredIntegers(2)
        let count = try count(bounds[0], bounds[1], bounds[2])
        return try TensorData.make(T.self, shape: [count]) { (target) throws(CNNOptError) in
            for i in target.indices { target[i] = convert(bounds[0] + i * bounds[2]) }
        }
    }

    private static func real<T: TensorScalar & BinaryFloatingPoint>(
        _ type: T.Type,
        _ start: TensorData,
        _ limit: TensorData,
        _ delta: TensorData
    ) throws(CNNOptError) -> TensorData {
        let (a, b, step) = (
            try start.array(of: T.self)[0], try limit.array(of: T.self)[0], try delta.array(of: T.self)[0]
        )
        guard let count = Int(exactly: max(0, ((b - a) / step).rounded(.up))) else {
            throw CNNOptError(.invalidModel, "a range from \(a) to \(b) in steps of \(step)")
        }
        return try TensorData.make(T.self, shape: [count]) { (target) throws(CNNOptError) in
            for i in target.indices { target[i] = a + T(i) * step }
        }
    }
}
