/// What a plan consists of.
package struct PlanDescription: Sendable {
    package struct Step: Sendable {
        /// The nodes it covers, joined by "+".
        package var name: String
        package var operators: String
        /// "jit:avx2", "copy", "reference" …
        package var kernel: String
        /// Of the output: "NHWC" for instance.
        package var layout: String
        /// Of the first output.
        package var shape: [Int]
        /// Read and written.
        package var bytes: Int
        package var macs = 0
        package var note: String?
    }

    package var steps: [Step]
    /// Memory for what is computed on the way; 0 for the reference back end, which takes it piece by piece.
    package var arenaBytes: Int
    /// The most that is needed at any one time: no arena can be smaller.
    package var largestLiveSetBytes: Int
}
