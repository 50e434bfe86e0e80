/// What a plan consists of.
package struct PlanDescription: Sendable {
    /// What is run at one go: a node, or several that became one.
    package struct Step: Sendable {
        /// The nodes that it covers, as in "conv1+bn1+relu1".
        package var name: String
        /// Their operators, as in "Conv+Relu".
        package var operators: String
        /// What computes it: "jit:avx2", "reference", "copy" …
        package var kernel: String
        /// How the output lies in memory: "NHWC", "NCHW" …, "plain" for the order of the model's own axes.
        package var layout: String
        /// The first output's shape; empty where it is not known before the run.
        package var shape: [Int]
        /// Bytes read and written.
        package var bytes: Int
        /// Multiply-accumulates.
        package var macs: Int
        /// What is to be known about it, such as that it could saturate on some processors.
        package var note: String?

        package init(
            name: String,
            operators: String,
            kernel: String,
            layout: String,
            shape: [Int],
            bytes: Int,
            macs: Int,
            note: String? = nil
        ) {
            self.name = name
            self.operators = operators
            self.kernel = kernel
            self.layout = layout
            self.shape = shape
            self.bytes = bytes
            self.macs = macs
            self.note = note
        }
    }

    package var steps: [Step]
    /// Memory that is taken once for all intermediate tensors; 0 for the reference back end, which takes it tensor by tensor.
    package var arenaBytes: Int
    /// The most bytes that intermediate tensors take at one time.
    package var largestLiveSetBytes: Int

    package init(steps: [Step], arenaBytes: Int, largestLiveSetBytes: Int) {
        self.steps = steps
        self.arenaBytes = arenaBytes
        self.largestLiveSetBytes = largestLiveSetBytes
    }
}
