import COneDNN
import Operators
import Tensors

/// Where buffers begin while a plan runs, by buffer number.
typealias BufferTable = UnsafePointer<UnsafeMutableRawPointer>

/// Memory that steps read and write.
struct PlanBuffer: Sendable {
    enum Home: Sendable {
        case arena
        /// The caller's tensors, by number.
        case input(Int), output(Int)
        case stored(TensorStorage)
    }

    var byteCount: Int
    var home: Home
}

/// One kernel of a plan.
struct PlanStep: Sendable {
    /// An operand of a reference kernel.
    enum Operand: Sendable {
        case stored(TensorData)
        case slot(Int)
        case buffer(Int, Program.StaticType)
    }

    enum Work: Sendable {
        /// Runs on the buffers' memory; the second argument is the number of threads.
        case kernel(@Sendable (BufferTable, Int32) -> Void)
        case library(OneDNNKernel, [OneDNNBinding])
        case reference(any Kernel, inputs: [Operand?], outputs: [Operand])
    }

    var work: Work
    /// Threads that share the work: one where there is little.
    var threads: Int32
    var reads: [Int]
    var writes: [Int]
    var description: PlanDescription.Step
}

/// A buffer for one of the operands of a oneDNN kernel.
struct OneDNNBinding: Sendable {
    var role: onednn_role
    var index: Int32 = 0
    var buffer: Int
}
