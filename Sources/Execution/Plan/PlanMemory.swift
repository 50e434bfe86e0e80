import COneDNN
import Tensors

/// What changes during a run of a plan: the arena, where each buffer begins, and oneDNN's bindings to it. One run has it at a
/// time.
///
/// Unchecked: whoever takes it from the plan's store is its only user.
final class PlanMemory: @unchecked Sendable {
    private let arena: TensorStorage
    private let pointers: UnsafeMutablePointer<UnsafeMutableRawPointer>
    /// Calls by step; nil for other kinds of steps.
    private var calls: [OneDNNCall?] = []
    /// Bindings to the caller's tensors, which change with each run.
    private var external: [(call: OneDNNCall, binding: OneDNNBinding)] = []
    /// Buffers of the caller's tensors.
    private var inputs: [(number: Int, buffer: Int)] = []
    private var outputs: [(number: Int, buffer: Int)] = []

    init(_ plan: CompiledPlan) throws(CNNOptError) {
        arena = try TensorStorage.allocate(byteCount: plan.arenaBytes, zeroed: false)
        let count = max(plan.buffers.count, 1)
        pointers = .allocate(capacity: count)
        pointers.initialize(repeating: arena.base, count: count)
        for (number, buffer) in plan.buffers.enumerated() {
            switch buffer.home {
            case .arena: pointers[number] = arena.base + (plan.offsets[number] ?? 0)
            case .stored(let storage): pointers[number] = storage.base
            case .input(let input): inputs.append((input, number))
            case .output(let output): outputs.append((output, number))
            }
        }
        let foreign = Set(inputs.map(\.buffer) + outputs.map(\.buffer))
        for step in plan.steps {
            guard case .library(let kernel, let bindings) = step.work else {
                calls.append(nil)
                continue
            }
            let call = try OneDNNCall(kernel)
            for binding in bindings {
                if foreign.contains(binding.buffer) {
                    external.append((call, binding))
                } else {
                    call.bind(binding.role, binding.index, pointers[binding.buffer])
                }
            }
            calls.append(call)
        }
    }

    deinit { pointers.deallocate() }

    var table: BufferTable { BufferTable(pointers) }

    /// Points buffers at the tensors of this run.
    func bind(inputs tensors: [TensorStorage?], outputs results: [TensorStorage?]) {
        for (number, buffer) in inputs { if let storage = tensors[number] { pointers[buffer] = storage.base } }
        for (number, buffer) in outputs { if let storage = results[number] { pointers[buffer] = storage.base } }
        for (call, binding) in external { call.bind(binding.role, binding.index, pointers[binding.buffer]) }
    }

    /// Runs the kernel of a step.
    func call(_ step: Int) throws(CNNOptError) { try calls[step]?.run() }
}
