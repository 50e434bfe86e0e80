/// Finds grids whose step differs along an axis, and what bits all numbers of a place have zero at their end.
package struct SliceGridSearch {
    private let source: UnsafeRawPointer
    private let count: Int
    /// Where elements belong; its steps are found by and by.
    private var grid: UniformGrid
    private let sliceCount: Int

    /// Elements of a slice by which its step is guessed.
    private static let sample = 512

    /// - Parameter source: float32 elements; they have to outlive the search.
    private init?(_ source: UnsafeRawPointer, _ count: Int, _ shape: [Int], axis: Int) {
        guard shape.count >= 2, shape[0] > 0, count > 0, shape[0] <= count, shape[axis] > 1 else { return nil }
        (self.source, self.count, sliceCount) = (source, count, shape[axis])
        let steps = [Double](repeating: 0, count: sliceCount)
        grid = UniformGrid(axis: axis, steps: steps, rowLength: count / shape[0])
        // Too few elements in a slice are on a grid of any kind.
        guard grid.rowLength % (axis == 1 ? sliceCount : 1) == 0, count / sliceCount >= 4 else { return nil }
    }

    /// A grid with a step for each index of an axis, 0 or 1.
    /// - Parameter shape: its product is `count`.
    package static func grid(_ source: UnsafeRawPointer, _ count: Int, _ shape: [Int], axis: Int) -> UniformGrid? {
        guard var search = SliceGridSearch(source, count, shape, axis: axis) else { return nil }
        return search.findSteps() ? search.grid : nil
    }

    @inline(__always)
    private func value(_ element: Int) -> Float {
        Float(bitPattern: UInt32(littleEndian: (source + 4 &* element).loadUnaligned(as: UInt32.self)))
    }

    /// The element at a place of a slice.
    @inline(__always)
    private func element(_ slice: Int, _ place: Int) -> Int {
        guard grid.axis == 1 else { return slice &* grid.rowLength &+ place }
        let run = grid.rowLength / sliceCount
        return place / run &* grid.rowLength &+ slice &* run &+ place % run
    }

    private var sliceLength: Int { count / sliceCount }

    private mutating func findSteps() -> Bool {
        // Numbers that lie on no grid are found out by the first slices looked at.
        var order = Array(0..<sliceCount)
        if sliceCount > 2 { order.swapAt(1, sliceCount / 2) }
        var nonzero = 0
        for slice in order {
            guard let (step, isZero) = step(of: slice) else { return false }
            grid.steps[slice] = Double(step)
            if !isZero { nonzero += 1 }
        }
        guard nonzero > 0 else { return false }
        simplifySteps()
        fillZeroSlices()
        return true
    }

    /// - Returns: nil where a slice is on no grid; zero for a slice of zeros.
    private func step(of slice: Int) -> (step: Float, isZero: Bool)? {
        guard let some = magnitudes(slice, most: Self.sample) else { return nil }
        if !some.isEmpty, let step = Self.step(some) {
            if holds(Double(step), slice) { return (step, false) }
        } else if !some.isEmpty {
            return nil
        }
        guard sliceLength > Self.sample else { return (0, true) }
        guard let all = magnitudes(slice, most: sliceLength) else { return nil }
        return all.isEmpty ? (0, true) : Self.step(all).map { ($0, false) }
    }

    /// The largest step; where few numbers of many bits do not show it, one of the logarithmic grid.
    private static func step(_ ascending: [Float]) -> Float? {
        GridSearch.sliceStep(ascending) ?? LogarithmicStep.step(of: ascending, largest: GridSearch.largestInSlice)
    }

    /// The different magnitudes of a slice's first elements, zero left out; nil where one is on no grid.
    private func magnitudes(_ slice: Int, most: Int) -> [Float]? {
        var found: [UInt32] = []
        let number = min(sliceLength, most)
        found.reserveCapacity(number)
        for place in 0..<number {
            let value = value(element(slice, place))
            guard value.isFinite, value != 0 || value.sign == .plus else { return nil }
            if value != 0 { found.append(value.magnitude.bitPattern) }
        }
        found.sort()
        var last: UInt32 = 0
        return found.compactMap { pattern in
            defer { last = pattern }
            return pattern == last ? nil : Float(bitPattern: pattern)
        }
    }

    private func holds(_ step: Double, _ slice: Int) -> Bool {
        (0..<sliceLength).allSatisfy {
            GridSearch.isMultiple(value(element(slice, $0)), of: step, largest: GridSearch.largestInSlice)
        }
    }

    /// A slice of few numbers may have a larger step than it was made with: three times that, say. The step is then made one
    /// whose mantissa other slices have.
    private mutating func simplifySteps() {
        func mantissa(_ step: Double) -> UInt32 { Float(step).bitPattern & 0x7F_FFFF }
        var counts: [UInt32: Int] = [:]
        for step in grid.steps where step > 0 { counts[mantissa(step), default: 0] += 1 }
        guard counts.count < sliceCount, counts.values.contains(where: { $0 > 1 }) else { return }
        for (slice, step) in grid.steps.enumerated() where step > 0 && counts[mantissa(step)] == 1 {
            for divisor in stride(from: 3, through: 31, by: 2) {
                let smaller = Float(step / Double(divisor))
                for candidate in [smaller, smaller.nextUp, smaller.nextDown]
                where smaller.isNormal && counts[mantissa(Double(candidate)), default: 0] > 1 {
                    if holds(Double(candidate), slice) { grid.steps[slice] = Double(candidate) }
                }
                if grid.steps[slice] != step { break }
            }
        }
    }

    /// Slices of zeros take the step of the slice before, the first that of the next.
    private mutating func fillZeroSlices() {
        var last = grid.steps.first { $0 > 0 } ?? 1
        for slice in grid.steps.indices {
            if grid.steps[slice] == 0 { grid.steps[slice] = last }
            last = grid.steps[slice]
        }
    }
}
