/// Finds the zero bits that all whole numbers of a place end with.
package enum GridShiftSearch {
    private static let most = 7

    /// The same grid with shifts, and with the steps of some slices halved where that lets places be shifted more; nil where
    /// nothing can be shifted.
    /// - Parameter source: float32 elements on the grid.
    package static func shifted(_ grid: UniformGrid, _ source: UnsafeRawPointer, _ count: Int) -> UniformGrid? {
        let numbers = Numbers(grid, source, count)
        let slices = numbers.sliceCount
        // The step found for a slice of few numbers may be some times too large; places are judged by the others first.
        var nonzero = [Int](repeating: 0, count: slices)
        numbers.forEach { slice, _, zeros in if zeros >= 0 { nonzero[slice] += 1 } }
        let enough = nonzero.sorted()[slices / 2]
        var likely = [Int](repeating: most + 1, count: numbers.placeCount)
        numbers.forEach { slice, place, zeros in
            if zeros >= 0, nonzero[slice] >= enough { likely[place] = min(likely[place], zeros) }
        }
        var halvings = [Int](repeating: 0, count: slices)
        if grid.steps.count > 1 {
            numbers.forEach { slice, place, zeros in
                if zeros >= 0, likely[place] <= most { halvings[slice] = max(halvings[slice], likely[place] - zeros) }
            }
        }
        var shifts = [Int](repeating: most + 1, count: numbers.placeCount)
        numbers.forEach { slice, place, zeros in
            if zeros >= 0 { shifts[place] = min(shifts[place], zeros + halvings[slice]) }
        }
        guard shifts.contains(where: { (1...most).contains($0) }) else { return nil }
        var result = grid
        // A place of zeros costs least as the place before.
        var last = 0
        result.shifts = shifts.map { shift in
            if shift <= most { last = shift }
            return UInt8(last)
        }
        for slice in grid.steps.indices where halvings[slice] > 0 {
            for _ in 0..<halvings[slice] { result.steps[slice] /= 2 }
            guard Float(result.steps[slice]).isNormal else { return nil }
        }
        return result
    }

    /// The whole numbers of a tensor.
    private struct Numbers {
        let grid: UniformGrid
        let source: UnsafeRawPointer
        let count: Int
        var sliceCount: Int { grid.steps.count }
        var placeCount: Int { grid.axis == 1 ? count / grid.steps.count : grid.rowLength }

        init(_ grid: UniformGrid, _ source: UnsafeRawPointer, _ count: Int) {
            (self.grid, self.source, self.count) = (grid, source, count)
        }

        /// Hands the body the slice and the place of each number, and the zero bits at its end, at most 7; -1 for the number zero.
        @inline(__always)
        func forEach(_ body: (Int, Int, Int) -> Void) {
            grid.steps.withUnsafeBufferPointer { steps in
                var element = 0
                while element < count {
                    let (slice, place, left) = grid.location(element)
                    for index in 0..<left {
                        let bits = (source + 4 &* (element &+ index)).loadUnaligned(as: UInt32.self)
                        let value = Float(bitPattern: UInt32(littleEndian: bits))
                        let number = UniformGrid.multiple(of: steps[slice], value)
                        body(slice, place &+ index, number == 0 ? -1 : min(number.trailingZeroBitCount, most))
                    }
                    element &+= left
                }
            }
        }
    }
}
