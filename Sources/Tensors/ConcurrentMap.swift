import Dispatch

/// Calls `body` for 0 ..< count on up to `threads` threads and gives the results in order. Tensors made on the way are charged to
/// the caller's account. Each number is computed whatever becomes of the others.
package func concurrentMap<T: Sendable>(
    _ count: Int,
    threads: Int,
    _ body: @Sendable (Int) throws(CNNOptError) -> T
) -> [Result<T, CNNOptError>] {
    let missing = CNNOptError(.internalFault, "a part was not computed")
    let results = Locked([Result<T, CNNOptError>](repeating: .failure(missing), count: count))
    let account = MemoryBudget.account
    parallelFor(count, threads: threads) { range in
        MemoryBudget.$account.withValue(account) {
            for index in range {
                let result = Result { () throws(CNNOptError) in try body(index) }
                results.withLock { $0[index] = result }
            }
        }
    }
    return results.withLock { $0 }
}
