/// Options that every job takes.
public struct RunOptions: Sendable {
    /// Sizes for inputs with symbolic dimensions, by input name.
    public var inputShapes: [String: [Int]] = [:]
    /// The first dimension of every input that leaves it open.
    public var batch: Int?
    /// Threads for decoding and execution together; at least 1.
    public var threads = 1
    /// What executes networks.
    public var backend = Backend.onednn
    /// The seed of everything random.
    public var seed: UInt64 = 0
    /// Told what is going on: a short text and, where it is known, the fraction done. Called from any thread.
    public var progress: @Sendable (_ text: String, _ fraction: Double?) -> Void = { _, _ in }

    public init() {}
}
