import Tensors

/// Runs jobs on several threads, each as soon as a thread is free. A job writes only what is its own.
func runJobs(_ count: Int, threads: Int, _ job: @Sendable (Int) -> Void) {
    let next = Locked(0)
    let workers = max(1, min(threads, count))
    parallelFor(workers, threads: workers) { _ in
        while true {
            let index = next.withLock { number -> Int in
                defer { number += 1 }
                return number
            }
            guard index < count else { return }
            job(index)
        }
    }
}

/// Bytes that parallel jobs only read.
struct SharedBytes: @unchecked Sendable {
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    func part(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[range]) }

    func text(_ range: Range<Int>) -> String { String(decoding: part(range), as: UTF8.self) }
}

/// What parallel jobs produce, each at its own place.
final class Slots<Element>: @unchecked Sendable {
    private let slots: UnsafeMutableBufferPointer<Element?>

    init(_ count: Int) {
        slots = .allocate(capacity: count)
        slots.initialize(repeating: nil)
    }

    deinit {
        slots.deinitialize()
        slots.deallocate()
    }

    func put(_ element: Element, at index: Int) { slots[index] = element }

    /// In order.
    var values: [Element] { slots.compactMap { $0 } }
}
