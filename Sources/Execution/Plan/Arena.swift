/// Places for buffers that live for a part of the plan only, in one piece of memory.
struct Arena {
    /// Offsets by buffer; nil for buffers that live elsewhere.
    private(set) var offsets: [Int?]
    private(set) var byteCount = 0
    private(set) var largestLiveSet = 0

    private struct Block {
        let buffer: Int
        let first: Int
        let last: Int
        let size: Int
    }

    /// Bytes to which places are aligned.
    private static let alignment = 64

    /// Packs the buffers by several rules and keeps the smallest arena.
    init(_ buffers: [PlanBuffer], _ steps: [PlanStep]) {
        offsets = [Int?](repeating: nil, count: buffers.count)
        var first = [Int?](repeating: nil, count: buffers.count)
        var last = [Int](repeating: 0, count: buffers.count)
        for (index, step) in steps.enumerated() {
            for buffer in step.reads + step.writes {
                if first[buffer] == nil { first[buffer] = index }
                last[buffer] = index
            }
        }
        var blocks: [Block] = []
        for (number, buffer) in buffers.enumerated() {
            guard case .arena = buffer.home, let start = first[number] else { continue }
            let size = (buffer.byteCount + Self.alignment - 1) / Self.alignment * Self.alignment
            blocks.append(Block(buffer: number, first: start, last: last[number], size: size))
        }
        var change = [Int](repeating: 0, count: steps.count + 1)
        for block in blocks {
            change[block.first] += block.size
            change[block.last + 1] -= block.size
        }
        var live = 0
        for difference in change {
            live += difference
            largestLiveSet = max(largestLiveSet, live)
        }
        let orders: [(Block, Block) -> Bool] = [
            { ($1.size, $0.first) < ($0.size, $1.first) },
            { ($0.first, $1.size) < ($1.first, $0.size) },
            { ($1.size * ($1.last - $1.first + 1), $0.first) < ($0.size * ($0.last - $0.first + 1), $1.first) },
            { ($1.last - $1.first, $1.size) < ($0.last - $0.first, $0.size) },
        ]
        byteCount = .max
        for order in orders where byteCount > largestLiveSet {
            let (places, size) = Self.pack(blocks.sorted(by: order))
            guard size < byteCount else { continue }
            byteCount = size
            for (buffer, offset) in places { offsets[buffer] = offset }
        }
        if blocks.isEmpty { byteCount = 0 }
    }

    /// Puts each block, in turn, at the lowest place that is free for as long as it lives.
    private static func pack(_ blocks: [Block]) -> (places: [(Int, Int)], size: Int) {
        var placed: [(block: Block, offset: Int)] = []
        var places: [(Int, Int)] = []
        var size = 0
        for block in blocks {
            var offset = 0
            // Kept in the order of offsets.
            for other in placed where other.block.first <= block.last && block.first <= other.block.last {
                if offset + block.size <= other.offset { break }
                offset = max(offset, other.offset + other.block.size)
            }
            let index = placed.firstIndex { $0.offset > offset } ?? placed.count
            placed.insert((block, offset), at: index)
            places.append((block.buffer, offset))
            size = max(size, offset + block.size)
        }
        return (places, size)
    }
}
