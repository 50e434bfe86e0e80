import GraphIR

/// One axis, counted from the front, of one value.
package struct ValueAxis: Hashable, Sendable, Comparable {
    package let value: ValueID
    package let axis: Int

    package init(_ value: ValueID, _ axis: Int) {
        self.value = value
        self.axis = axis
    }

    package static func < (a: ValueAxis, b: ValueAxis) -> Bool { (a.value, a.axis) < (b.value, b.axis) }
}

/// All indices of all axes of known size, numbered through.
struct AxisSpace: Sendable {
    /// Where the axes of a value begin in ``bases``; −1 for values without a known rank.
    private var first: [Int]
    private var ranks: [Int]
    /// The number of the axis' index 0, or −1 where the axis cannot be followed.
    private var bases: [Int] = []
    private var sizes: [Int] = []
    private(set) var count = 0

    /// Longer axes are not followed, and no more than this many indices altogether: shapes come from files.
    private static let longestAxis = 1 << 20
    private static let limit = 1 << 26

    init(valueCapacity: Int) {
        first = [Int](repeating: -1, count: valueCapacity)
        ranks = [Int](repeating: 0, count: valueCapacity)
    }

    mutating func add(_ value: ValueID, _ shape: Shape) {
        first[value.index] = bases.count
        ranks[value.index] = shape.count
        for dimension in shape {
            if let size = dimension.size, size <= Self.longestAxis, count <= Self.limit - size {
                bases.append(count)
                sizes.append(size)
                count += size
            } else {
                bases.append(-1)
                sizes.append(0)
            }
        }
    }

    func rank(_ value: ValueID) -> Int? { first[value.index] < 0 ? nil : ranks[value.index] }

    /// The numbers of an axis' indices; nil where the axis cannot be followed.
    func range(_ key: ValueAxis) -> Range<Int>? {
        guard first.indices.contains(key.value.index), first[key.value.index] >= 0, key.axis >= 0,
            key.axis < ranks[key.value.index]
        else { return nil }
        let slot = first[key.value.index] + key.axis
        return bases[slot] < 0 ? nil : bases[slot]..<bases[slot] + sizes[slot]
    }
}

/// Disjoint sets of numbers, some of which are pinned: their members stay.
struct PinnedSets: Sendable {
    private var parents: [Int32]
    private var pins: [Int32: Int] = [:]

    init(count: Int) { parents = (0..<Int32(clamping: count)).map { $0 } }

    /// The number that stands for the set: its smallest member.
    mutating func root(_ member: Int) -> Int {
        var root = Int32(member)
        while parents[Int(root)] != root { root = parents[Int(root)] }
        var walk = Int32(member)
        while parents[Int(walk)] != root { (parents[Int(walk)], walk) = (root, parents[Int(walk)]) }
        return Int(root)
    }

    mutating func join(_ a: Int, _ b: Int) {
        let (x, y) = (root(a), root(b))
        guard x != y else { return }
        let (keep, drop) = (Int32(min(x, y)), Int32(max(x, y)))
        parents[Int(drop)] = keep
        if let pin = pins.removeValue(forKey: drop), pins[keep] == nil { pins[keep] = pin }
    }

    /// Pins the member's set; the first reason stays.
    mutating func pin(_ member: Int, reason: Int) {
        let key = Int32(root(member))
        if pins[key] == nil { pins[key] = reason }
    }

    /// The reason for which the member's set is pinned; nil where it is not.
    mutating func pin(of member: Int) -> Int? { pins[Int32(root(member))] }
}
