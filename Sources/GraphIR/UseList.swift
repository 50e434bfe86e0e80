/// The uses of a value in the order in which they were made. Removing one costs the same however many there are.
package struct UseList: Sendable {
    /// nil where a use was removed.
    private var slots: [Value.Use?] = []
    /// The first slot that may hold a use.
    private var head = 0
    /// Where each use is, once there are enough of them that a search would be slow.
    private var places: [Value.Use: Int] = [:]
    private var isIndexed = false
    /// The number of uses.
    package private(set) var count = 0
    /// How many of them are by name, from inside a subgraph.
    package private(set) var capturedCount = 0

    private static let searched = 16

    mutating func append(_ use: Value.Use) {
        slots.append(use)
        count += 1
        if use.port == nil { capturedCount += 1 }
        if isIndexed {
            places[use] = slots.count - 1
        } else if count > Self.searched {
            index()
        }
    }

    /// Removes a use that may not be there.
    mutating func remove(_ use: Value.Use) {
        let place = isIndexed ? places.removeValue(forKey: use) : slots.firstIndex(of: use)
        guard let place else { return }
        slots[place] = nil
        count -= 1
        if use.port == nil { capturedCount -= 1 }
        while head < slots.count, slots[head] == nil { head += 1 }
        if slots.count > 2 * count + Self.searched { compact() }
    }

    private mutating func compact() {
        slots = slots.filter { $0 != nil }
        head = 0
        if isIndexed { index() }
    }

    private mutating func index() {
        isIndexed = true
        places.removeAll(keepingCapacity: true)
        for (place, use) in slots.enumerated() { if let use { places[use] = place } }
    }
}

extension UseList: Collection {
    package var startIndex: Int { head }
    package var endIndex: Int { slots.count }
    package var isEmpty: Bool { count == 0 }

    package func index(after place: Int) -> Int {
        var next = place + 1
        while next < slots.count, slots[next] == nil { next += 1 }
        return next
    }

    package subscript(place: Int) -> Value.Use {
        guard let use = slots[place] else { preconditionFailure("the use at \(place) was removed") }
        return use
    }
}
