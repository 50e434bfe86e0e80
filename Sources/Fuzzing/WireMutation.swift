import Tensors

/// Changes of protobuf fields: numbers, texts, missing and repeated parts, in a file that stays readable as protobuf.
enum WireMutation {
    private static let numbers: [UInt64] = [
        0, 1, 2, 3, 4, 5, 7, 8, 16, 31, 100, 255, 4_096, 1 << 20, 1 << 31 - 1, 1 << 31, 1 << 32, 1 << 40, 1 << 62,
        UInt64(Int64.max), 1 << 63, .max, .max - 1, .max - 2, .max - 3,
    ]
    private static let floats: [Float] = [0, -0.0, 1, -1, 0.5, .nan, .infinity, -.infinity, 1e38, 1e-38]

    /// One to four changes. Words stand in for texts now and then.
    static func apply(to message: WireMessage, words: [String], _ random: inout SeededGenerator) -> [UInt8] {
        var changed = message
        for _ in 0...random.index(below: random.index(below: 3) == 0 ? 4 : 2) {
            let count = changed.fieldCount
            guard count > 0 else { break }
            change(&changed, at: random.index(below: count), whole: message, words, &random)
        }
        return changed.bytes
    }

    private static func change(
        _ message: inout WireMessage,
        at place: Int,
        whole: WireMessage,
        _ words: [String],
        _ random: inout SeededGenerator
    ) {
        var left = place
        for index in message.fields.indices {
            if left == 0 {
                alter(&message, index, whole, words, &random)
                return
            }
            left -= 1
            guard case .message(var inner) = message.fields[index].content else { continue }
            let count = inner.fieldCount
            if left < count {
                change(&inner, at: left, whole: whole, words, &random)
                message.fields[index].content = .message(inner)
                return
            }
            left -= count
        }
    }

    private static func alter(
        _ message: inout WireMessage,
        _ index: Int,
        _ whole: WireMessage,
        _ words: [String],
        _ random: inout SeededGenerator
    ) {
        let field = message.fields[index]
        switch random.index(below: 10) {
        case 0: message.fields.remove(at: index)
        case 1: message.fields.insert(field, at: random.index(below: message.fields.count + 1))
        case 2: message.fields[index].number = 1 + UInt64(random.index(below: 20))
        case 3:
            let others = whole.contents(of: field.number)
            if !others.isEmpty { message.fields[index].content = others[random.index(below: others.count)] }
        case 4: message.fields.swapAt(index, random.index(below: message.fields.count))
        default: message.fields[index].content = content(field.content, words, &random)
        }
    }

    private static func content(
        _ content: WireMessage.Content,
        _ words: [String],
        _ random: inout SeededGenerator
    ) -> WireMessage.Content {
        switch content {
        case .number(let value):
            switch random.index(below: 4) {
            case 0: return .number(value &+ 1)
            case 1: return .number(value &- 1)
            case 2: return .number(UInt64(random.index(below: 30)))
            default: return .number(numbers[random.index(below: numbers.count)])
            }
        case .fixed(let bytes):
            guard bytes.count == 4 else { return .fixed((0..<8).map { _ in UInt8(random.index(below: 256)) }) }
            let pattern = floats[random.index(below: floats.count)].bitPattern
            return .fixed((0..<4).map { UInt8(truncatingIfNeeded: pattern >> (8 * UInt32($0))) })
        case .bytes(let bytes):
            if !words.isEmpty, random.index(below: 3) == 0 {
                return .bytes(Array(words[random.index(below: words.count)].utf8))
            }
            return .bytes(ByteMutation.apply(to: bytes, &random))
        case .message(let inner):
            return .bytes(ByteMutation.apply(to: inner.bytes, &random))
        }
    }
}
