import CKernels
import COneDNN
import GraphIR
import Operators
import Tensors

/// Makes the steps of a program, one operation after the other: picks kernels, decides how each tensor lies in memory, and
/// inserts copies where a kernel wants another order.
struct PlanBuilder {
    /// A tensor in a buffer.
    struct Placement {
        var buffer: Int
        var order: AxisOrder
    }

    var program: Program
    let threads: Int
    var buffers: [PlanBuffer] = []
    var steps: [PlanStep] = []
    /// Where each value lies, in one or more orders.
    private var placements: [[Placement]]
    /// The last operation that reads a value in each buffer.
    private var neededUntil: [Int] = []
    /// The last operation that reads each value; `.max` for results of the plan.
    private var lastUse: [Int]
    /// The operation that is being placed.
    private var current = 0
    /// Nodes that the library has no kernel for; with any, the steps are of no use.
    private(set) var refused: Set<NodeID> = []

    init(_ program: Program, threads: Int) {
        self.program = program
        self.threads = threads
        placements = [[Placement]](repeating: [], count: program.values.count)
        lastUse = [Int](repeating: -1, count: program.values.count)
        for (index, operation) in program.operations.enumerated() {
            for case let input? in operation.inputs { lastUse[input] = index }
        }
        for output in program.outputs { lastUse[output] = .max }
        for (number, input) in program.inputs.enumerated() {
            guard let type = program.values[input].type, program.values[input].constant == nil else { continue }
            let buffer = addBuffer(type.byteCount, .input(number))
            place(input, Placement(buffer: buffer, order: .rowMajor(type.shape.count)))
        }
    }

    /// Threads for the kernels of oneDNN of the operation that is being placed.
    private(set) var libraryThreads: Int32 = 1

    /// Sets oneDNN's threads for an operation: waking another one costs more than it saves where there is little to do. Our own
    /// kernels see to that themselves.
    mutating func chooseThreads(for operation: Operation) {
        let bytes = (operation.inputs.compactMap { $0 } + operation.outputs).reduce(0) {
            $0 + (program.values[$1].type?.byteCount ?? 0)
        }
        let isSmall = operation.macs < Self.fewMACs && bytes < Self.fewBytes
        libraryThreads = isSmall ? 1 : Int32(threads)
        onednn_set_threads(libraryThreads)
    }

    private static let fewMACs = 100_000
    private static let fewBytes = 1 << 17

    /// Places all operations and hands results to the caller.
    mutating func build() throws(CNNOptError) {
        for index in program.operations.indices {
            current = index
            do throws(CNNOptError) {
                try add(program.operations[index])
            } catch {
                let operation = program.operations[index]
                if error.code == .unsupported, let node = operation.nodes.first {
                    // The others are looked at too, so that all refusals are known at once.
                    refused.insert(node)
                    for output in operation.outputs where placements[output].isEmpty {
                        _ = try result(output, .rowMajor(program.shape(output).count))
                    }
                    continue
                }
                guard refused.isEmpty else { return }
                throw error.atNode(
                    operation.names.first ?? "",
                    operatorName: operation.operators.joined(separator: "+")
                )
            }
        }
        guard refused.isEmpty else { return }
        current = program.operations.count
        for (number, output) in program.outputs.enumerated() {
            guard let type = program.values[output].type, program.values[output].constant == nil else { continue }
            let found = try operand(output, .rowMajor(type.shape.count))
            if case .arena = buffers[found].home {
                buffers[found].home = .output(number)
            } else {
                let target = addBuffer(type.byteCount, .output(number))
                let order = AxisOrder.rowMajor(type.shape.count)
                addCopy(
                    output,
                    from: Placement(buffer: found, order: order),
                    to: Placement(buffer: target, order: order)
                )
            }
        }
    }

    // MARK: - Buffers

    mutating func addBuffer(_ byteCount: Int, _ home: PlanBuffer.Home = .arena) -> Int {
        buffers.append(PlanBuffer(byteCount: byteCount, home: home))
        neededUntil.append(-1)
        return buffers.count - 1
    }

    /// A buffer that holds what is known now.
    mutating func addStored(_ tensor: TensorData) throws(CNNOptError) -> Int {
        guard let storage = tensor.storage else { throw CNNOptError(.internalFault, "strings in a buffer") }
        return addBuffer(tensor.byteCount, .stored(storage))
    }

    mutating func place(_ value: Int, _ placement: Placement) {
        placements[value].append(placement)
        neededUntil[placement.buffer] = max(neededUntil[placement.buffer], lastUse[value])
    }

    /// A new buffer for an operation's result.
    mutating func result(_ value: Int, _ order: AxisOrder) throws(CNNOptError) -> Int {
        let buffer = addBuffer(try type(value).byteCount)
        place(value, Placement(buffer: buffer, order: order))
        return buffer
    }

    /// The buffer of an operand that the current operation may overwrite with its result, which is as large: nothing else needs
    /// what is in it.
    func canOverwrite(_ buffer: Int, with value: Int) -> Bool {
        guard case .arena = buffers[buffer].home, buffers[buffer].byteCount == program.values[value].type?.byteCount
        else {
            return false
        }
        return neededUntil[buffer] <= current
    }

    /// The result in the operand's memory where that is free, else in a new buffer.
    mutating func result(_ value: Int, over operand: Int, _ order: AxisOrder) throws(CNNOptError) -> Int {
        guard canOverwrite(operand, with: value) else { return try result(value, order) }
        place(value, Placement(buffer: operand, order: order))
        return operand
    }

    /// What is known now of a value that has to be.
    func stored(_ value: Int) throws(CNNOptError) -> TensorData {
        guard let tensor = program.values[value].constant else {
            throw CNNOptError(.internalFault, "'\(program.values[value].name)' is not stored")
        }
        return tensor
    }

    func type(_ value: Int) throws(CNNOptError) -> Program.StaticType {
        guard let type = program.values[value].type else {
            throw CNNOptError(.internalFault, "'\(program.values[value].name)' has no fixed shape")
        }
        return type
    }

    /// A new value of the same type, for results on the way to another.
    mutating func temporary(like value: Int) -> Int {
        addValue(Program.Value(name: program.values[value].name, type: program.values[value].type))
    }

    /// A value that the program does not have.
    mutating func addValue(_ value: Program.Value) -> Int {
        placements.append([])
        lastUse.append(current)
        return program.add(value)
    }

    // MARK: - Operands

    /// The order in which a value lies already; what is stored lies as ONNX has it.
    func order(_ value: Int) -> AxisOrder { placements[value].first?.order ?? .rowMajor(program.shape(value).count) }

    /// The buffer in which a value lies in an order, after a copy where it does not yet.
    mutating func operand(_ value: Int, _ order: AxisOrder) throws(CNNOptError) -> Int {
        let shape = program.shape(value)
        if placements[value].isEmpty, let constant = program.values[value].constant, let storage = constant.storage {
            place(
                value,
                Placement(buffer: addBuffer(constant.byteCount, .stored(storage)), order: .rowMajor(shape.count))
            )
        }
        if let found = placements[value].first(where: { $0.order.isSame(as: order, shape) }) { return found.buffer }
        guard let source = placements[value].first else {
            let name = program.values[value].name
            guard program.operations.contains(where: { $0.outputs.contains(value) }) else {
                throw CNNOptError(.invalidModel, "'\(name)' has no value")
            }
            throw CNNOptError(.internalFault, "'\(name)' is read before it is made")
        }
        if let constant = program.values[value].constant, let turned = try? constant.laid(order),
            let storage = turned.storage
        {
            let buffer = addBuffer(constant.byteCount, .stored(storage))
            place(value, Placement(buffer: buffer, order: order))
            return buffer
        }
        let target = Placement(buffer: addBuffer(program.values[value].type?.byteCount ?? 0), order: order)
        addCopy(value, from: source, to: target)
        place(value, target)
        return target.buffer
    }

    private mutating func addCopy(_ value: Int, from source: Placement, to target: Placement) {
        guard let type = program.values[value].type, type.count > 0 else { return }
        let walk = ck_walk(type.shape, from: source.order.strides(type.shape), to: target.order.strides(type.shape))
        let width = Int32(type.elementType.bitWidth / 8)
        let (from, to) = (source.buffer, target.buffer)
        let description = PlanDescription.Step(
            name: program.values[value].name,
            operators: "",
            kernel: "copy",
            layout: target.order.text(),
            shape: type.shape,
            bytes: 2 * type.byteCount,
            macs: 0
        )
        let work = PlanStep.Work.kernel { table, threads in
            withUnsafePointer(to: walk) { ck_copy(table[from], table[to], width, $0, threads) }
        }
        steps.append(
            PlanStep(work: work, threads: Int32(threads), reads: [from], writes: [to], description: description)
        )
    }

    // MARK: - Steps

    /// Appends a kernel of ours for an operation.
    mutating func addKernel(
        _ operation: Operation,
        _ kernel: String,
        order: AxisOrder,
        reads: [Int],
        writes: [Int],
        note: String? = nil,
        _ body: @escaping @Sendable (BufferTable, Int32) -> Void
    ) {
        steps.append(
            PlanStep(
                work: .kernel(body),
                threads: Int32(threads),
                reads: reads,
                writes: writes,
                description: describe(operation, kernel, order, reads + writes, note: note)
            )
        )
    }

    /// Appends a kernel of oneDNN for an operation, with memory for its scratch.
    mutating func addLibrary(
        _ operation: Operation,
        _ kernel: OneDNNKernel,
        order: AxisOrder,
        _ bindings: [OneDNNBinding],
        note: String? = nil
    ) {
        var all = bindings
        if kernel.scratchBytes > 0 {
            all.append(OneDNNBinding(role: ONEDNN_SCRATCH, buffer: addBuffer(kernel.scratchBytes)))
        }
        let written = [ONEDNN_RESULT, ONEDNN_SCRATCH]
        steps.append(
            PlanStep(
                work: .library(kernel, all),
                threads: libraryThreads,
                reads: bindings.filter { !written.contains($0.role) }.map(\.buffer),
                writes: all.filter { written.contains($0.role) }.map(\.buffer),
                description: describe(operation, kernel.name, order, bindings.map(\.buffer), note: note)
            )
        )
    }

    func describe(
        _ operation: Operation,
        _ kernel: String,
        _ order: AxisOrder?,
        _ touched: [Int],
        note: String? = nil
    ) -> PlanDescription.Step {
        PlanDescription.Step(
            name: operation.names.joined(separator: "+"),
            operators: operation.operators.joined(separator: "+"),
            kernel: kernel,
            layout: order?.text() ?? "plain",
            shape: operation.outputs.first.map { program.shape($0) } ?? [],
            bytes: touched.reduce(0) { $0 + buffers[$1].byteCount },
            macs: operation.macs,
            note: note
        )
    }
}
