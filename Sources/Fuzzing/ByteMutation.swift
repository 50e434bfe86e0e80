import Tensors

/// Changes of bytes that know nothing of what they mean.
enum ByteMutation {
    private static let numbers: [UInt64] = [
        0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 40,
        0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, .max,
    ]

    /// One to eight changes, each anywhere.
    static func apply(to bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0...random.index(below: random.index(below: 3) == 0 ? 8 : 2) { change(&bytes, &random) }
        return bytes
    }

    private static func change(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        guard !bytes.isEmpty else {
            bytes = (0..<random.index(below: 16)).map { _ in UInt8(random.index(below: 256)) }
            return
        }
        let place = random.index(below: bytes.count)
        switch random.index(below: 8) {
        case 0: bytes[place] = UInt8(random.index(below: 256))
        case 1: bytes[place] ^= 1 << UInt8(random.index(below: 8))
        case 2: bytes[place] = bytes[place] &+ (random.index(below: 2) == 0 ? 1 : 255)
        case 3:
            // A number of 1, 2, 4 or 8 bytes in either order.
            let width = 1 << random.index(below: 4)
            let number = numbers[random.index(below: numbers.count)]
            let isBig = random.index(below: 2) == 0
            for index in 0..<min(width, bytes.count - place) {
                let shift = 8 * UInt64(isBig ? width - 1 - index : index)
                bytes[place + index] = UInt8(truncatingIfNeeded: number >> shift)
            }
        case 4: bytes.removeLast(bytes.count - place)
        case 5: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.index(below: 16)))
        case 6:
            let source = random.index(below: bytes.count)
            let count = min(1 + random.index(below: 16), bytes.count - source)
            bytes.insert(contentsOf: Array(bytes[source..<source + count]), at: place)
        default:
            bytes.insert(
                contentsOf: (0...random.index(below: 8)).map { _ in UInt8(random.index(below: 256)) },
                at: place
            )
        }
    }
}
