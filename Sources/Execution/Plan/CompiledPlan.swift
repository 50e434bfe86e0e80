import COneDNN
import GraphIR
import Operators
import Tensors

/// A model prepared for inputs of certain shapes and a number of threads: kernels in order and the memory that they share.
/// Immutable and shared; what changes during a run lives in a ``PlanMemory``.
package final class CompiledPlan: Sendable {
    let steps: [PlanStep]
    let buffers: [PlanBuffer]
    let offsets: [Int?]
    let arenaBytes: Int
    let largestLiveSet: Int
    let threads: Int
    private let inputs: [Int]
    private let outputs: [Output]
    /// Memory of runs that have ended, for those to come.
    private let spare = Locked<[PlanMemory]>([])

    private enum Output: Sendable {
        case stored(TensorData)
        case tensor(Program.StaticType)
        case slot(Int)
        /// Output number k is input number i as it is.
        case input(Int)
    }

    /// Lowers the graph, rewrites the program, chooses its kernels, and packs its memory. A node that the library refuses runs on
    /// its plain kernel.
    convenience init(_ graph: Graph, _ facts: GraphFacts, targets: [ValueID], threads: Int) throws(CNNOptError) {
        onednn_set_threads(Int32(threads))
        var plain: Set<NodeID> = []
        var builder = try Self.built(Program(graph, facts, targets: targets), threads)
        while !builder.refused.isEmpty {
            guard !builder.refused.isSubset(of: plain) else {
                throw CNNOptError(.unsupported, "no kernel takes some of the operations")
            }
            plain.formUnion(builder.refused)
            builder = try Self.built(Program(graph, facts, targets: targets, plain: plain), threads)
        }
        self.init(builder)
    }

    private static func built(_ program: Program, _ threads: Int) throws(CNNOptError) -> PlanBuilder {
        var program = program
        try program.optimize()
        try checkSizes(program)
        var builder = PlanBuilder(program, threads: threads)
        try builder.build()
        return builder
    }

    private init(_ builder: PlanBuilder) {
        let program = builder.program
        steps = builder.steps
        buffers = builder.buffers
        let arena = Arena(buffers, steps)
        offsets = arena.offsets
        arenaBytes = arena.byteCount
        largestLiveSet = arena.largestLiveSet
        threads = builder.threads
        inputs = program.inputs
        outputs = program.outputs.map { value in
            if let constant = program.values[value].constant { return .stored(constant) }
            if let type = program.values[value].type { return .tensor(type) }
            if let number = program.inputs.firstIndex(of: value) { return .input(number) }
            return .slot(value)
        }
    }

    /// Sizes add up without overflow once each fits into memory.
    private static func checkSizes(_ program: Program) throws(CNNOptError) {
        for operation in program.operations {
            for output in operation.outputs {
                guard let bytes = program.values[output].type?.byteCount, bytes > MemoryBudget.largestAllocation else {
                    continue
                }
                throw CNNOptError(
                    .invalidModel,
                    "a tensor of \(bytes) bytes is wanted, but the machine has \(MemoryBudget.largestAllocation) of memory",
                    remedy: "check the shapes, or fix them with --input-shape"
                ).atNode(operation.names.first ?? "", operatorName: operation.operators.joined(separator: "+"))
            }
        }
    }

    package var description: PlanDescription {
        PlanDescription(steps: steps.map(\.description), arenaBytes: arenaBytes, largestLiveSetBytes: largestLiveSet)
    }

    /// Runs the plan on inputs in the order of the program; those that nothing needs may be nil.
    /// - Parameter clock: called before the first step and after each.
    func run(_ tensors: [TensorData?], clock: (() -> Void)? = nil) throws(CNNOptError) -> [TensorData] {
        let kept = spare.withLock { $0.popLast() }
        let memory = if let kept { kept } else { try PlanMemory(self) }
        var results: [TensorStorage?] = []
        for output in outputs {
            guard case .tensor(let type) = output else {
                results.append(nil)
                continue
            }
            results.append(try TensorStorage.allocate(byteCount: type.byteCount, zeroed: false))
        }
        memory.bind(inputs: tensors.map { $0?.storage }, outputs: results)
        var slots = [Int: TensorData]()
        for (number, value) in inputs.enumerated() { slots[value] = tensors[number] }
        var budget = RunBudget()
        clock?()
        var libraryThreads = Int32(0)
        for (index, step) in steps.enumerated() {
            do throws(CNNOptError) {
                switch step.work {
                case .kernel(let body): body(memory.table, Int32(threads))
                case .library:
                    if step.threads != libraryThreads {
                        libraryThreads = step.threads
                        onednn_set_threads(libraryThreads)
                    }
                    try memory.call(index)
                case .reference(let kernel, let operands, let targets):
                    try run(kernel, operands, targets, memory, &slots, &budget)
                }
            } catch {
                throw error.atNode(step.description.name, operatorName: step.description.operators)
            }
            clock?()
        }
        var tensorsOut: [TensorData] = []
        for (number, output) in outputs.enumerated() {
            switch output {
            case .stored(let tensor): tensorsOut.append(tensor)
            case .tensor(let type):
                guard let storage = results[number] else { continue }
                tensorsOut.append(try TensorData(elementType: type.elementType, shape: type.shape, storage: storage))
            case .input(let number):
                guard let tensor = tensors[number] else { throw Self.missing }
                tensorsOut.append(tensor)
            case .slot(let slot):
                guard let tensor = slots[slot] else { throw Self.missing }
                tensorsOut.append(tensor)
            }
        }
        withExtendedLifetime(tensors) {}
        spare.withLock { if $0.count < Self.keptMemories { $0.append(memory) } }
        return tensorsOut
    }

    /// Memories of ended runs that are kept.
    private static let keptMemories = 2
    private static let missing = CNNOptError(.invalidModel, "an output has no value", remedy: "feed it with --input")

    private func run(
        _ kernel: any Kernel,
        _ operands: [PlanStep.Operand?],
        _ targets: [PlanStep.Operand],
        _ memory: PlanMemory,
        _ slots: inout [Int: TensorData],
        _ budget: inout RunBudget
    ) throws(CNNOptError) {
        var arguments: [TensorData?] = []
        for operand in operands {
            switch operand {
            case nil: arguments.append(nil)
            case .stored(let tensor): arguments.append(tensor)
            case .slot(let slot):
                guard let tensor = slots[slot] else { throw CNNOptError(.invalidModel, "an operand has no value") }
                arguments.append(tensor)
            case .buffer(let buffer, let type):
                // A copy: the kernel may hand its operand on, and the buffer will be written again.
                let copy = try TensorStorage.allocate(byteCount: type.byteCount, zeroed: false)
                copy.base.copyMemory(from: memory.table[buffer], byteCount: type.byteCount)
                arguments.append(try TensorData(elementType: type.elementType, shape: type.shape, storage: copy))
            }
        }
        let results = try kernel.run(arguments, threads: threads, budget: &budget)
        for (port, target) in targets.enumerated() {
            guard results.indices.contains(port) else {
                if case .slot = target { continue }
                throw CNNOptError(.unsupported, "output \(port) is not computed by this build")
            }
            switch target {
            case .slot(let slot): slots[slot] = results[port]
            case .buffer(let buffer, let type):
                guard results[port].shape == type.shape, results[port].elementType == type.elementType else {
                    throw CNNOptError(
                        .invalidModel,
                        "output \(port) has shape \(results[port].shape), but \(type.shape) was inferred"
                    )
                }
                try results[port].withBytes { (bytes) throws(CNNOptError) in
                    if let base = bytes.baseAddress {
                        memory.table[buffer].copyMemory(from: base, byteCount: bytes.count)
                    }
                }
            case .stored: break
            }
        }
    }
}
