/// Numbers taken apart. The lowest bit of a payload is the sign, the fraction lies above.
package final class MagnitudeBatch {
    package let capacity: Int
    package let classes: UnsafeMutablePointer<UInt16>
    package let payloads: UnsafeMutablePointer<UInt64>
    /// Where integers lie before they are taken apart, and after they are put together.
    package let integers: UnsafeMutablePointer<Int64>

    package init(capacity: Int) {
        self.capacity = capacity
        classes = .allocate(capacity: capacity)
        payloads = .allocate(capacity: capacity)
        integers = .allocate(capacity: capacity)
        integers.initialize(repeating: 0, count: capacity)
        classes.initialize(repeating: 0, count: capacity)
        payloads.initialize(repeating: 0, count: capacity)
    }

    deinit {
        classes.deallocate()
        payloads.deallocate()
        integers.deallocate()
    }
}

extension MagnitudeBatch {
    /// Takes the first integers apart: a class is their length in bits.
    package func takeIntegers(_ count: Int) {
        let (integers, classes, payloads) = (integers, classes, payloads)
        for index in 0..<min(count, capacity) {
            let value = integers[index]
            let magnitude = value.magnitude
            let length = 64 &- magnitude.leadingZeroBitCount
            classes[index] = UInt16(truncatingIfNeeded: length)
            let fraction = magnitude & ~(1 &<< UInt64(truncatingIfNeeded: length &- 1))
            payloads[index] = length == 0 ? 0 : fraction &<< 1 | (value < 0 ? 1 : 0)
        }
    }

    /// Puts the first integers together.
    package func putIntegers(_ count: Int) {
        let (integers, classes, payloads) = (integers, classes, payloads)
        for index in 0..<min(count, capacity) {
            let length = UInt64(classes[index])
            let magnitude = Int64(bitPattern: payloads[index] >> 1 | 1 &<< (length &- 1))
            integers[index] = length == 0 ? 0 : payloads[index] & 1 == 0 ? magnitude : 0 &- magnitude
        }
    }
}
