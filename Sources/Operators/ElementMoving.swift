import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension TensorData {
    /// A new tensor whose bytes, unset at first, the closure writes all.
    static func writing(
        _ type: ElementType,
        shape: [Int],
        _ body: (UnsafeMutableRawPointer) throws(CNNOptError) -> Void
    ) throws(CNNOptError) -> TensorData {
        let storage = try TensorStorage.allocate(byteCount: byteCount(type, shape).bytes, zeroed: false)
        try body(storage.base)
        return try TensorData(elementType: type, shape: shape, storage: storage)
    }
}

/// Lets a kernel that only moves elements see every type as elements of whole bytes: types under 8 bits are unpacked, strings
/// are stood for by numbers.
enum ElementMoving {
    /// Runs `body` on the tensors, all of one element type, and gives its results that type.
    /// - Throws: `invalidModel` where the element types differ.
    static func run(
        _ sources: [TensorData],
        _ body: ([TensorData]) throws(CNNOptError) -> [TensorData]
    ) throws(CNNOptError) -> [TensorData] {
        guard let type = sources.first?.elementType else { return try body(sources) }
        guard sources.allSatisfy({ $0.elementType == type }) else {
            let names = sources.map(\.elementType.onnxName)
            throw CNNOptError(.invalidModel, "inputs of different element types: \(names.joined(separator: ", "))")
        }
        switch type.bitWidth {
        case 0: return try strings(sources, body)
        case 8...: return try body(sources)
        default:
            var unpacked: [TensorData] = []
            for source in sources { unpacked.append(try unpack(source)) }
            var results: [TensorData] = []
            for result in try body(unpacked) { results.append(try pack(result, type)) }
            return results
        }
    }

    private static func strings(
        _ sources: [TensorData],
        _ body: ([TensorData]) throws(CNNOptError) -> [TensorData]
    ) throws(CNNOptError) -> [TensorData] {
        // Number 0 is the empty string: what fills places that no element reaches.
        var table: [[UInt8]] = [[]]
        var numbered: [TensorData] = []
        for source in sources {
            let first = table.count
            table += source.strings ?? []
            numbered.append(try TensorData((first..<table.count).map(Int64.init), shape: source.shape))
        }
        var results: [TensorData] = []
        for result in try body(numbered) {
            let strings = try result.array(of: Int64.self).map { table[Int($0)] }
            results.append(try TensorData(strings: strings, shape: result.shape))
        }
        return results
    }

    static func unpack(_ source: TensorData) throws(CNNOptError) -> TensorData {
        let bits = source.elementType.bitWidth
        let mask = UInt8(truncatingIfNeeded: (1 << bits) - 1)
        return try source.withBytes { (bytes) throws(CNNOptError) in
            try TensorData.make(UInt8.self, shape: source.shape) { (target) throws(CNNOptError) in
                for i in target.indices {
                    let bit = i * bits
                    target[i] = (bytes[bit / 8] >> UInt8(bit % 8)) & mask
                }
            }
        }
    }

    static func pack(_ units: TensorData, _ type: ElementType) throws(CNNOptError) -> TensorData {
        let bits = type.bitWidth
        var result = try TensorData(zeros: type, shape: units.shape)
        try units.withElements(UInt8.self) { (source) throws(CNNOptError) in
            try result.withMutableBytes { (bytes) throws(CNNOptError) in
                for i in source.indices {
                    let bit = i * bits
                    bytes[bit / 8] |= source[i] << UInt8(bit % 8)
                }
            }
        }
        return result
    }
}

/// Copies of blocks of bytes that lie apart.
enum Blocks {
    /// Copies `count` blocks of `size` bytes that lie `step` bytes apart, one behind the other.
    static func copy(
        _ target: UnsafeMutableRawPointer,
        _ source: UnsafeRawPointer,
        count: Int,
        step: Int,
        size: Int
    ) {
        switch size {
        case 1: strided(UInt8.self, target, source, count, step)
        case 2: strided(UInt16.self, target, source, count, step)
        case 4: strided(UInt32.self, target, source, count, step)
        case 8: strided(UInt64.self, target, source, count, step)
        default: for i in 0..<count { memcpy(target + i * size, source + i * step, size) }
        }
    }

    /// Copies the blocks of `size` bytes that lie at `places[i] * unit` bytes; where a place is negative, fills the block with
    /// the element of `width` bytes at `fill`.
    static func copy(
        _ target: UnsafeMutableRawPointer,
        _ source: UnsafeRawPointer,
        places: UnsafeBufferPointer<Int>,
        unit: Int,
        size: Int,
        fill: UnsafeRawPointer,
        width: Int
    ) {
        switch size == width ? size : 0 {
        case 1: listed(UInt8.self, target, source, places, unit, fill)
        case 2: listed(UInt16.self, target, source, places, unit, fill)
        case 4: listed(UInt32.self, target, source, places, unit, fill)
        case 8: listed(UInt64.self, target, source, places, unit, fill)
        default:
            for (i, place) in places.enumerated() {
                if place < 0 {
                    self.fill(target + i * size, with: fill, count: size / width, width: width)
                } else {
                    memcpy(target + i * size, source + place * unit, size)
                }
            }
        }
    }

    /// Writes the element of `width` bytes `count` times.
    static func fill(
        _ target: UnsafeMutableRawPointer,
        with element: UnsafeRawPointer,
        count: Int,
        width: Int
    ) {
        switch width {
        case 1: memset(target, Int32(element.load(as: UInt8.self)), count)
        case 2: repeated(UInt16.self, target, element, count)
        case 4: repeated(UInt32.self, target, element, count)
        case 8: repeated(UInt64.self, target, element, count)
        default: for i in 0..<count { memcpy(target + i * width, element, width) }
        }
    }

    @inline(__always)
    private static func strided<T: BitwiseCopyable>(
        _ type: T.Type,
        _ target: UnsafeMutableRawPointer,
        _ source: UnsafeRawPointer,
        _ count: Int,
        _ step: Int
    ) {
        let out = target.assumingMemoryBound(to: T.self)
        for i in 0..<count { out[i] = source.load(fromByteOffset: i &* step, as: T.self) }
    }

    @inline(__always)
    private static func listed<T: BitwiseCopyable>(
        _ type: T.Type,
        _ target: UnsafeMutableRawPointer,
        _ source: UnsafeRawPointer,
        _ places: UnsafeBufferPointer<Int>,
        _ unit: Int,
        _ fill: UnsafeRawPointer
    ) {
        let out = target.assumingMemoryBound(to: T.self)
        let filler = fill.load(as: T.self)
        for i in 0..<places.count {
            let place = places[i]
            out[i] = place < 0 ? filler : source.load(fromByteOffset: place &* unit, as: T.self)
        }
    }

    @inline(__always)
    private static func repeated<T: BitwiseCopyable>(
        _ type: T.Type,
        _ target: UnsafeMutableRawPointer,
        _ element: UnsafeRawPointer,
        _ count: Int
    ) {
        let out = target.assumingMemoryBound(to: T.self)
        let value = element.load(as: T.self)
        for i in 0..<count { out[i] = value }
    }
}
