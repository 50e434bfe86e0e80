import Operators
import Tensors

extension PlanBuilder {
    /// A kernel of plain loops. Operands of fixed shape are lent to it as they lie in memory; others go through slots.
    mutating func addReference(_ operation: Operation, _ kernel: any Kernel) throws(CNNOptError) {
        var reads: [Int] = []
        var inputs: [PlanStep.Operand?] = []
        for value in operation.inputs {
            guard let value else {
                inputs.append(nil)
                continue
            }
            if let constant = program.values[value].constant {
                inputs.append(.stored(constant))
            } else if let type = program.values[value].type {
                let buffer = try operand(value, .rowMajor(type.shape.count))
                reads.append(buffer)
                inputs.append(.buffer(buffer, type))
            } else {
                inputs.append(.slot(value))
            }
        }
        var writes: [Int] = []
        let outputs = operation.outputs.map { value -> PlanStep.Operand in
            guard let type = program.values[value].type else { return .slot(value) }
            let buffer = addBuffer(type.byteCount)
            place(value, Placement(buffer: buffer, order: .rowMajor(type.shape.count)))
            writes.append(buffer)
            return .buffer(buffer, type)
        }
        steps.append(
            PlanStep(
                work: .reference(kernel, inputs: inputs, outputs: outputs),
                threads: Int32(threads),
                reads: reads,
                writes: writes,
                description: describe(operation, "reference", nil, reads + writes)
            )
        )
    }
}
