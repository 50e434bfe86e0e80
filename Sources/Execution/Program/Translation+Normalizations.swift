import Operators
import Tensors

extension Translation {
    /// - Returns: whether the node could be expressed.
    mutating func normalization(_ inputs: [Int?], _ output: Int, _ form: Normalization) throws(CNNOptError) -> Bool {
        guard let data = inputs.first ?? nil, program.shape(data) == program.shape(output), form.length > 0,
            let count = program.values[data].type?.count, count % form.length == 0
        else { return false }
        let shape = program.shape(data)
        var list = [data]
        for value in inputs.dropFirst() {
            guard let value, isFloat(value) else { return false }
            let numbers = program.shape(value).reduce(1, *)
            switch form.parameters {
            case .channel: guard shape.count >= 2, program.shape(value) == [shape[1]] else { return false }
            case .group(let channels):
                guard shape.count >= 2, channels > 0, numbers * channels == shape[1],
                    let stored = program.values[value].constant
                else { return false }
                let spread = try stored.array(of: Float.self).flatMap { [Float](repeating: $0, count: channels) }
                list.append(program.add(constant: try TensorData(spread), name: program.values[value].name))
                continue
            }
            list.append(value)
        }
        guard list.count == 3 else { return false }
        append(.normalization(form), list, [output])
        return true
    }

    /// - Returns: whether the node could be expressed.
    mutating func batchNormalization(_ inputs: [Int?], _ output: Int, _ epsilon: Float) -> Bool {
        let list = inputs.compactMap { $0 }
        guard list.count == 5, inputs.count == 5, let data = list.first else { return false }
        let shape = program.shape(data)
        guard (2...5).contains(shape.count), shape == program.shape(output),
            list.dropFirst().allSatisfy({ isFloat($0) && program.shape($0) == [shape[1]] })
        else { return false }
        append(.batchNormalization(epsilon: epsilon), list, [output])
        return true
    }

    /// - Returns: whether the node could be expressed.
    mutating func localResponse(_ data: Int, _ output: Int, _ form: LocalResponse) -> Bool {
        // The library's window has as many channels on either side.
        guard (2...5).contains(program.shape(data).count), program.shape(data) == program.shape(output),
            form.size % 2 == 1
        else { return false }
        append(.localResponse(form), [data], [output])
        return true
    }
}
