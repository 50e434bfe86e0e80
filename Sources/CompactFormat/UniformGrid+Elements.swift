import EntropyCoding
import Tensors

extension UniformGrid {
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

    /// Takes float32 elements apart into whole numbers.
    func take(_ source: UnsafeRawPointer, first: Int, count: Int, into batch: MagnitudeBatch) {
        let base = source + 4 * first
        shifts.withUnsafeBufferPointer { shifts in
            forEachRun(first, count) { start, length, step, place in
                for index in 0..<length {
                    let bits = (base + 4 &* (start &+ index)).loadUnaligned(as: UInt32.self)
                    let value = Self.multiple(of: step, Float(bitPattern: UInt32(littleEndian: bits)))
                    batch.put(shifts.isEmpty ? value : value >> Int64(shifts[place &+ index]), at: start &+ index)
                }
            }
        }
    }

    /// Puts float32 elements together again.
    func put(_ target: UnsafeMutableRawPointer, first: Int, count: Int, from batch: MagnitudeBatch) {
        let base = target + 4 * first
        shifts.withUnsafeBufferPointer { shifts in
            forEachRun(first, count) { start, length, step, place in
                for index in 0..<length {
                    let number = batch.integer(at: start &+ index)
                    let multiple = shifts.isEmpty ? number : number << Int64(shifts[place &+ index])
                    let bits = Float(Double(multiple) * step).bitPattern
                    (base + 4 &* (start &+ index)).storeBytes(of: bits.littleEndian, as: UInt32.self)
                }
            }
        }
    }
}
