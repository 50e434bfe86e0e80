import COnnxSchema
import GraphIR
import Tensors

/// The fields of a TensorProto that hold elements as numbers or strings; each element type belongs to one of them.
enum TypedField: String, CustomStringConvertible {
    case float = "float_data"
    case double = "double_data"
    case int32 = "int32_data"
    case int64 = "int64_data"
    case uint64 = "uint64_data"
    case string = "string_data"

    init(_ type: ElementType) {
        switch type {
        case .float32, .complex64: self = .float
        case .float64, .complex128: self = .double
        case .int64: self = .int64
        case .uint32, .uint64: self = .uint64
        case .string: self = .string
        default: self = .int32
        }
    }

    var description: String { rawValue }

    /// How many values of the field `count` elements take: two each for complex numbers; of 2-bit and 4-bit types a value
    /// is a byte of packed elements.
    func values(_ count: Int, of type: ElementType) -> Int {
        switch type.bitWidth {
        case 2, 4: type.byteCount(of: count) ?? 0
        default: type == .complex64 || type == .complex128 ? 2 * count : count
        }
    }

    func count(in proto: Onnx__TensorProto) -> Int {
        switch self {
        case .float: proto.n_float_data
        case .double: proto.n_double_data
        case .int32: proto.n_int32_data
        case .int64: proto.n_int64_data
        case .uint64: proto.n_uint64_data
        case .string: proto.n_string_data
        }
    }

    /// Takes the elements off the message. The wire form is `raw` where numbers of the field are written in another way than
    /// ours, such as a negative `uint8`.
    func take(
        _ type: ElementType,
        shape: [Int],
        from message: UnsafeMutablePointer<Onnx__TensorProto>
    ) throws(CNNOptError) -> (TensorData, Constant.WireForm) {
        let storage: TensorStorage
        var isCanonical = true
        switch self {
        case .string:
            let list = UnsafeBufferPointer(start: message.pointee.string_data, count: message.pointee.n_string_data)
            return (try TensorData(strings: list.map(bytes), shape: shape), .typed)
        case .float:
            storage = try ProtobufHeap.take(&message.pointee.float_data, count: message.pointee.n_float_data)
            message.pointee.n_float_data = 0
        case .double:
            storage = try ProtobufHeap.take(&message.pointee.double_data, count: message.pointee.n_double_data)
            message.pointee.n_double_data = 0
        case .int64:
            storage = try ProtobufHeap.take(&message.pointee.int64_data, count: message.pointee.n_int64_data)
            message.pointee.n_int64_data = 0
        case .uint64 where type == .uint32:
            let values = UnsafeBufferPointer(start: message.pointee.uint64_data, count: message.pointee.n_uint64_data)
            storage = try Self.narrow(values)
            message.pointee.n_uint64_data = 0
        case .uint64:
            storage = try ProtobufHeap.take(&message.pointee.uint64_data, count: message.pointee.n_uint64_data)
            message.pointee.n_uint64_data = 0
        case .int32 where type == .int32:
            storage = try ProtobufHeap.take(&message.pointee.int32_data, count: message.pointee.n_int32_data)
            message.pointee.n_int32_data = 0
        case .int32:
            let values = UnsafeBufferPointer(start: message.pointee.int32_data, count: message.pointee.n_int32_data)
            (storage, isCanonical) = try NarrowElements(type).pack(values)
            message.pointee.n_int32_data = 0
        }
        let data = try TensorData(elementType: type, shape: shape, storage: storage)
        return (data, isCanonical ? .typed : .raw)
    }

    private static func narrow(_ values: UnsafeBufferPointer<UInt64>) throws(CNNOptError) -> TensorStorage {
        let storage = try TensorStorage.allocate(byteCount: values.count * 4, zeroed: false)
        for (index, value) in values.enumerated() {
            guard let narrow = UInt32(exactly: value) else {
                throw CNNOptError(.invalidModel, "the value \(value) is no uint32")
            }
            storage.base.storeBytes(of: narrow, toByteOffset: 4 * index, as: UInt32.self)
        }
        return storage
    }

    /// Fills the field of a message that is about to be packed. Numbers of full width are not copied: `data` has to outlive
    /// the message.
    func fill(
        _ message: UnsafeMutablePointer<Onnx__TensorProto>,
        from data: TensorData,
        _ arena: MessageArena
    ) throws(CNNOptError) {
        if let strings = data.strings {
            message.pointee.n_string_data = strings.count
            message.pointee.string_data = arena.values(strings.map(arena.bytes))
            return
        }
        guard let base = data.storage?.base, data.count > 0 else { return }
        let count = values(data.count, of: data.elementType)
        switch self {
        case .float:
            message.pointee.n_float_data = count
            message.pointee.float_data = base.assumingMemoryBound(to: Float.self)
        case .double:
            message.pointee.n_double_data = count
            message.pointee.double_data = base.assumingMemoryBound(to: Double.self)
        case .int64:
            message.pointee.n_int64_data = count
            message.pointee.int64_data = base.assumingMemoryBound(to: Int64.self)
        case .uint64 where data.elementType == .uint32:
            message.pointee.n_uint64_data = count
            message.pointee.uint64_data = arena.values(try data.array(of: UInt32.self).map(UInt64.init))
        case .uint64:
            message.pointee.n_uint64_data = count
            message.pointee.uint64_data = base.assumingMemoryBound(to: UInt64.self)
        case .int32 where data.elementType == .int32:
            message.pointee.n_int32_data = count
            message.pointee.int32_data = base.assumingMemoryBound(to: Int32.self)
        case .int32:
            message.pointee.n_int32_data = count
            message.pointee.int32_data = arena.values(
                NarrowElements(data.elementType).unpack(
                    UnsafeRawBufferPointer(start: base, count: data.byteCount),
                    count: count
                )
            )
        case .string:
            break
        }
    }
}

/// Elements of under 32 bits as the numbers of `int32_data`: integers by value, floats by bit pattern.
struct NarrowElements {
    private let isSigned: Bool
    /// The bits that one number stands for.
    private let bits: Int

    init(_ type: ElementType) {
        isSigned = type == .int8 || type == .int16
        bits = type.bitWidth < 6 ? 8 : type.bitWidth
    }

    /// The bytes of the tensor, and whether ``unpack(_:count:)`` gives the same numbers again.
    func pack(_ values: UnsafeBufferPointer<Int32>) throws(CNNOptError) -> (TensorStorage, isCanonical: Bool) {
        let storage = try TensorStorage.allocate(byteCount: (values.count * bits + 7) / 8)
        var isCanonical = true
        for (index, value) in values.enumerated() {
            guard value >= -(1 << (bits - 1)), value < 1 << bits else {
                throw CNNOptError(.invalidModel, "the value \(value) in int32_data has more than \(bits) bits")
            }
            if isSigned ? value >= 1 << (bits - 1) : value < 0 { isCanonical = false }
            switch bits {
            case 16:
                storage.base.storeBytes(of: UInt16(truncatingIfNeeded: value), toByteOffset: 2 * index, as: UInt16.self)
            case 8: storage.base.storeBytes(of: UInt8(truncatingIfNeeded: value), toByteOffset: index, as: UInt8.self)
            default:
                let bytes = storage.base.assumingMemoryBound(to: UInt8.self)
                for bit in 0..<bits where value & (1 << bit) != 0 {
                    bytes[(index * bits + bit) / 8] |= 1 << ((index * bits + bit) % 8)
                }
            }
        }
        return (storage, isCanonical)
    }

    func unpack(_ bytes: UnsafeRawBufferPointer, count: Int) -> [Int32] {
        (0..<count).map { index in
            switch bits {
            case 16:
                let pattern = bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
                return isSigned ? Int32(Int16(bitPattern: pattern)) : Int32(pattern)
            case 8:
                return isSigned ? Int32(Int8(bitPattern: bytes[index])) : Int32(bytes[index])
            default:
                return (0..<bits).reduce(0) { number, bit in
                    let place = index * bits + bit
                    return number | (bytes[place / 8] >> (place % 8) & 1 == 1 ? 1 << Int32(bit) : 0)
                }
            }
        }
    }
}
