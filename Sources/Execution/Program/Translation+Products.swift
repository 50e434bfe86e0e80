import Operators
import Tensors

extension Product {
    /// Whether the operands' shapes give the result's.
    func fits(_ a: [Int], _ b: [Int], _ result: [Int]) -> Bool {
        guard !a.isEmpty, !b.isEmpty, max(a.count, b.count) <= 6 else { return false }
        let (left, right) = (matrix(left: a), matrix(right: b))
        let matrixAxes = (a.count > 1 ? [left.rows] : []) + (b.count > 1 ? [right.columns] : [])
        guard left.columns == right.rows, result.count >= matrixAxes.count,
            Array(result.suffix(matrixAxes.count)) == matrixAxes
        else { return false }
        let batch = Array(result.dropLast(matrixAxes.count))
        let stacks = [Array(a.dropLast(2)), Array(b.dropLast(2))]
        guard batch.count == stacks.map(\.count).max() else { return false }
        return batch.indices.allSatisfy { axis in
            // A result is as long as the operand that does not repeat.
            let sizes: [Int] = stacks.compactMap {
                $0.count + axis < batch.count ? nil : $0[$0.count + axis - batch.count]
            }
            return sizes.allSatisfy { $0 == 1 || $0 == batch[axis] } && sizes.contains(batch[axis])
        }
    }

    /// The matrices of the left operand: a vector is one row.
    func matrix(left shape: [Int]) -> (rows: Int, columns: Int) {
        let (rows, columns) = shape.count > 1 ? (shape[shape.count - 2], shape[shape.count - 1]) : (1, shape[0])
        return transposesLeft ? (columns, rows) : (rows, columns)
    }

    /// The matrices of the right operand: a vector is one column.
    func matrix(right shape: [Int]) -> (rows: Int, columns: Int) {
        let (rows, columns) = shape.count > 1 ? (shape[shape.count - 2], shape[shape.count - 1]) : (shape[0], 1)
        return transposesRight ? (columns, rows) : (rows, columns)
    }
}

extension Translation {
    /// alpha · A · B + beta · C: a dense layer where B is stored, with C as its bias where that is stored too and has a number for
    /// each column.
    /// - Returns: whether the node could be expressed.
    mutating func product(_ inputs: [Int?], _ output: Int, _ form: Product, beta: Float) throws(CNNOptError) -> Bool {
        guard inputs.count >= 2, let a = inputs[0], let b = inputs[1], isFloat(b) else { return false }
        let addend = inputs.count > 2 ? inputs[2] : nil
        let shape = program.shape(output)
        guard form.fits(program.shape(a), program.shape(b), shape) else { return false }
        if let addend { guard isFloat(addend), repeats(program.shape(addend), to: shape) else { return false } }
        let hasStoredWeight = isDense(a, b, form)
        let term = hasStoredWeight ? try bias(addend, beta, columns: shape.last ?? 1) : nil
        let target = addend == nil || term != nil ? output : program.add(program.real(like: output))
        if hasStoredWeight {
            let data = form.transposesLeft ? transposed(a) : a
            let weight = form.transposesRight ? b : transposed(b)
            let list = [data, try scaled(weight, form.alpha)] + (term.map { [$0] } ?? [])
            append(.dense(Dense(hasBias: term != nil)), list, [target])
        } else {
            append(.product(form), [a, b], [target])
        }
        guard let addend, target != output else { return true }
        var right = try scaled(addend, beta)
        if beta != 1, right == addend {
            right = program.add(program.real(like: addend))
            append(.affine(Affine(scale: [beta], shift: [0])), [addend], [right])
        }
        append(.pair(.add, .none), [target, right], [output])
        return true
    }

    private func isDense(_ a: Int, _ b: Int, _ form: Product) -> Bool {
        isStored(b) && program.shape(b).count == 2 && program.shape(a).count >= 2
            && (form.alpha == 1 || program.values[b].constant != nil)
            && (!form.transposesLeft || program.shape(a).count == 2)
    }

    /// beta · C where that is a bias of a dense layer; nil where it is something else.
    private mutating func bias(_ addend: Int?, _ beta: Float, columns: Int) throws(CNNOptError) -> Int? {
        guard let addend, isStored(addend), program.shape(addend).reduce(1, *) == columns,
            program.shape(addend).last == columns, beta == 1 || program.values[addend].constant != nil
        else { return nil }
        return try scaled(addend, beta)
    }

    /// A stored value times a number.
    private mutating func scaled(_ value: Int, _ factor: Float) throws(CNNOptError) -> Int {
        guard factor != 1, let constant = program.values[value].constant else { return value }
        let numbers = try constant.array(of: Float.self).map { $0 * factor }
        return program.add(constant: try TensorData(numbers, shape: constant.shape), name: program.values[value].name)
    }

    /// Whether a shape broadcasts to another without changing that.
    private func repeats(_ shape: [Int], to whole: [Int]) -> Bool {
        shape.count <= whole.count && zip(shape.reversed(), whole.reversed()).allSatisfy { $0 == 1 || $0 == $1 }
    }
}
