/// Who makes and who reads each value of a program, for rewrites.
struct ProgramUses {
    /// The operation that makes a value.
    private(set) var maker: [Int?]
    /// The operations that read a value, once for each port.
    private(set) var readers: [[Int]]
    private let isOutput: [Bool]

    init(_ program: Program) {
        maker = [Int?](repeating: nil, count: program.values.count)
        readers = [[Int]](repeating: [], count: program.values.count)
        var isOutput = [Bool](repeating: false, count: program.values.count)
        for (index, operation) in program.operations.enumerated() {
            for output in operation.outputs { maker[output] = index }
            for case let input? in operation.inputs { readers[input].append(index) }
        }
        for output in program.outputs { isOutput[output] = true }
        self.isOutput = isOutput
    }

    /// The one operation that reads a value which nothing else needs.
    func onlyReader(_ value: Int) -> Int? {
        readers[value].count == 1 && !isOutput[value] ? readers[value][0] : nil
    }

    /// Whether nothing reads the value and the caller does not get it.
    func isUnused(_ value: Int) -> Bool { readers[value].isEmpty && !isOutput[value] }
}

extension Program {
    /// Whether an operation gives the real numbers of integers that are stored.
    func dequantizesStored(_ operation: Operation) -> Bool {
        guard case .dequantization = operation.kind, let source = operation.inputs[0] else { return false }
        return values[source].constant != nil
    }

    /// Drops operations whose results nothing needs.
    mutating func removeUnused() {
        var needed = Set(outputs)
        var kept: [Operation] = []
        for operation in operations.reversed() where operation.outputs.contains(where: needed.contains) {
            needed.formUnion(operation.inputs.compactMap { $0 })
            kept.append(operation)
        }
        operations = kept.reversed()
    }
}
