import GraphIR
import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Writing blocks of updates into a copy of some data.
enum Scattering: String {
    case none
    case add
    case mul
    case max
    case min

    init(_ site: OperatorSite) throws(CNNOptError) {
        let name = try site.string("reduction", default: "none")
        guard let value = Scattering(rawValue: name) else { throw site.failure(.unsupported, "reduction '\(name)'") }
        self = value
    }

    /// The data with a block of `block` elements written at each place, in the order of the updates.
    func write(
        _ updates: TensorData,
        into data: TensorData,
        at places: [Int],
        block: Int
    ) throws(CNNOptError) -> TensorData {
        guard checkedProduct([places.count, block]) == updates.count else {
            throw CNNOptError(.invalidModel, "updates of shape \(updates.shape) do not fit the indices")
        }
        guard self != .none else {
            return try ElementMoving.run([data, updates]) { (sources) throws(CNNOptError) in
                [try overwrite(sources[0], sources[1], places, block)]
            }[0]
        }
        guard data.elementType == updates.elementType else {
            throw CNNOptError(.invalidModel, "data and updates have different element types")
        }
        return try HalfPrecision.widening([data, updates]) { (inputs) throws(CNNOptError) in
            [try reduce(inputs.required(0), inputs.required(1), places, block)]
        }[0]
    }

    private func overwrite(
        _ data: TensorData,
        _ updates: TensorData,
        _ places: [Int],
        _ block: Int
    ) throws(CNNOptError) -> TensorData {
        let width = data.elementType.bitWidth / 8
        var result = data
        try updates.withBytes { (source) throws(CNNOptError) in
            try result.withMutableBytes { (target) throws(CNNOptError) in
                guard let from = source.baseAddress, let to = target.baseAddress, block > 0 else { return }
                let size = block * width
                for (i, place) in places.enumerated() { memcpy(to + place * width, from + i * size, size) }
            }
        }
        return result
    }

    private func reduce(
        _ data: TensorData,
        _ updates: TensorData,
        _ places: [Int],
        _ block: Int
    ) throws(CNNOptError) -> TensorData {
        switch data.elementType {
        case .float32: try combine(data, updates, places, block, real(Float.self))
        case .float64: try combine(data, updates, places, block, real(Double.self))
        case .int8: try combine(data, updates, places, block, whole(Int8.self))
        case .int16: try combine(data, updates, places, block, whole(Int16.self))
        case .int32: try combine(data, updates, places, block, whole(Int32.self))
        case .int64: try combine(data, updates, places, block, whole(Int64.self))
        case .uint8: try combine(data, updates, places, block, whole(UInt8.self))
        case .uint16: try combine(data, updates, places, block, whole(UInt16.self))
        case .uint32: try combine(data, updates, places, block, whole(UInt32.self))
        case .uint64: try combine(data, updates, places, block, whole(UInt64.self))
        default:
            throw CNNOptError(.unsupported, "reduction '\(rawValue)' of element type \(data.elementType.onnxName)")
        }
    }

    private func real<T: BinaryFloatingPoint>(_ type: T.Type) -> (T, T) -> T {
        switch self {
        case .none: { $1 }
        case .add: { $0 + $1 }
        case .mul: { $0 * $1 }
        case .max: { $0.isNaN || $1.isNaN ? .nan : Swift.max($0, $1) }
        case .min: { $0.isNaN || $1.isNaN ? .nan : Swift.min($0, $1) }
        }
    }

    private func whole<T: FixedWidthInteger>(_ type: T.Type) -> (T, T) -> T {
        switch self {
        case .none: { $1 }
        case .add: { $0 &+ $1 }
        case .mul: { $0 &* $1 }
        case .max: { Swift.max($0, $1) }
        case .min: { Swift.min($0, $1) }
        }
    }

    private func combine<T: TensorScalar>(
        _ data: TensorData,
        _ updates: TensorData,
        _ places: [Int],
        _ block: Int,
        _ function: (T, T) -> T
    ) throws(CNNOptError) -> TensorData {
        var result = data
        try updates.withElements(T.self) { (source) throws(CNNOptError) in
            try result.withMutableElements(T.self) { (target) throws(CNNOptError) in
                for (i, place) in places.enumerated() {
                    for k in 0..<block { target[place + k] = function(target[place + k], source[i * block + k]) }
                }
            }
        }
        return result
    }
}
