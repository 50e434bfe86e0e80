extension UniformGrid {
    /// The largest multiple of a step that a grid is believed to have.
    private static let largest: UInt64 = 1 << 24

    /// Hands the body each run of elements of one step.
    @inline(__always)
    private func forEachRun(
        _ first: Int,
        _ count: Int,
        _ body: (_ start: Int, _ length: Int, _ step: Double, _ place: Int) -> Void
    ) {
        steps.withUnsafeBufferPointer { steps in
            var done = 0
            while done < count {
                let (slice, place, left) = location(first &+ done)
                let length = min(left, count &- done)
                body(done, length, steps[slice], place)
                done &+= length
            }
        }
    }

    /// Takes float32 elements apart into whole numbers: multiples, or indices of dependent quantisation.
    /// - Parameters:
    ///   - source: the first element of the tensor.
    ///   - first: the number of the first element to take.
    ///   - state: of dependent quantisation, before the first of them and behind the last.
    /// - Returns: whether ``elements(_:first:count:state:into:)`` gives every bit back.
    package func numbers(
        _ source: UnsafeRawPointer,
        first: Int,
        count: Int,
        state: inout Int,
        into numbers: UnsafeMutablePointer<Int64>
    ) -> Bool {
        var (holds, current) = (true, state)
        shifts.withUnsafeBufferPointer { shifts in
            forEachRun(first, count) { start, length, step, place in
                let base = source + 4 &* (first &+ start)
                let target = numbers + start
                if place == 0 { current = DependentTrellis.start }
                for index in 0..<length {
                    let bits = UInt32(littleEndian: (base + 4 &* index).loadUnaligned(as: UInt32.self))
                    let shift = shifts.isEmpty ? 0 : Int64(shifts[place &+ index])
                    var number = Self.multiple(of: step, Float(bitPattern: bits)) &>> shift
                    holds =
                        holds && Float(Double(number &<< shift) * step).bitPattern == bits
                        && number.magnitude <= Self.largest
                    if isDependent {
                        let found = DependentTrellis.index(number, current)
                        number = found ?? 0
                        holds = holds && found != nil
                        current = DependentTrellis.next(current, parity: Int(number & 1))
                    }
                    target[index] = number
                }
            }
        }
        state = current
        return holds
    }

    /// Puts float32 elements together again.
    /// - Parameters:
    ///   - target: the first element of the tensor.
    ///   - state: as in ``numbers(_:first:count:state:into:)``.
    package func elements(
        _ numbers: UnsafePointer<Int64>,
        first: Int,
        count: Int,
        state: inout Int,
        into target: UnsafeMutableRawPointer
    ) {
        var current = state
        shifts.withUnsafeBufferPointer { shifts in
            forEachRun(first, count) { start, length, step, place in
                let base = target + 4 &* (first &+ start)
                let source = numbers + start
                if place == 0 { current = DependentTrellis.start }
                for index in 0..<length {
                    var number = source[index]
                    if isDependent {
                        let parity = Int(number & 1)
                        number = DependentTrellis.multiple(number, current)
                        current = DependentTrellis.next(current, parity: parity)
                    }
                    if !shifts.isEmpty { number = number &<< Int64(shifts[place &+ index]) }
                    let bits = Float(Double(number) * step).bitPattern
                    (base + 4 &* index).storeBytes(of: bits.littleEndian, as: UInt32.self)
                }
            }
        }
        state = current
    }

    /// Whether every bit of float32 elements is what the grid makes of whole numbers.
    package func holds(_ source: UnsafeRawPointer, _ count: Int) -> Bool {
        guard fits(count) else { return false }
        let run = min(count, 4_096)
        return withUnsafeTemporaryAllocation(of: Int64.self, capacity: max(run, 1)) { memory in
            guard let base = memory.baseAddress else { return count == 0 }
            var state = DependentTrellis.start
            for first in stride(from: 0, to: count, by: max(run, 1)) {
                guard numbers(source, first: first, count: min(run, count - first), state: &state, into: base) else {
                    return false
                }
            }
            return true
        }
    }
}
