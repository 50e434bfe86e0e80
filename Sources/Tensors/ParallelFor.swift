import Dispatch

/// Runs `body` over `0 ..< count` cut into one contiguous range per thread. Ranges depend on `count` and `threads` alone, so
/// a body that writes only what belongs to its range gives the same bytes every time.
package func parallelFor(_ count: Int, threads: Int, _ body: @Sendable (Range<Int>) -> Void) {
    let parts = max(1, min(threads, count))
    if parts == 1 {
        if count > 0 { body(0..<count) }
        return
    }
    DispatchQueue.concurrentPerform(iterations: parts) { part in
        body(part * count / parts..<(part + 1) * count / parts)
    }
}

/// A pointer that parallel bodies share. The caller vouches that they touch disjoint elements.
package struct SharedPointer<T>: @unchecked Sendable {
    package let base: UnsafeMutablePointer<T>
    @inlinable package init(_ base: UnsafeMutablePointer<T>) { self.base = base }
}

/// A pointer to elements that parallel bodies only read.
package struct SharedReadPointer<T>: @unchecked Sendable {
    package let base: UnsafePointer<T>
    @inlinable package init(_ base: UnsafePointer<T>) { self.base = base }
}
