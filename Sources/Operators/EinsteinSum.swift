import Tensors

/// The loops of ``Einsum``.
struct EinsteinSum {
    private let operands: [TensorData]
    private let shape: [Int]
    /// The sizes of the axes that are summed over.
    private let summed: [Int]
    /// Each operand's strides along the result's axes and along those that are summed over.
    private let resultStrides: [[Int]]
    private let summedStrides: [[Int]]

    /// - Throws: `invalidModel` where ranks or sizes do not fit the equation.
    init(_ equation: EinsteinEquation, _ operands: [TensorData]) throws(CNNOptError) {
        guard equation.operands.count == operands.count, let type = operands.first?.elementType,
            operands.allSatisfy({ $0.elementType == type })
        else { throw CNNOptError(.invalidModel, "\(operands.count) operands do not fit the equation") }
        var sizes: [EinsteinEquation.Label: Int] = [:]
        var order: [EinsteinEquation.Label] = []
        var steps: [[EinsteinEquation.Label: Int]] = []
        var unnamed = 0
        for (operand, term) in zip(operands, equation.operands) {
            var own: [EinsteinEquation.Label: Int] = [:]
            let strides = rowMajorStrides(operand.shape)
            for (axis, label) in try equation.labels(term, rank: operand.shape.count).enumerated() {
                let size = operand.shape[axis]
                if case .unnamed(let place) = label { unnamed = max(unnamed, place + 1) }
                if sizes[label] == nil { order.append(label) }
                let known = sizes[label] ?? 1
                guard known == size || known == 1 || size == 1 else {
                    throw CNNOptError(.invalidModel, "one letter stands for \(known) and \(size)")
                }
                sizes[label] = known == 1 ? size : known
                // A letter that occurs twice walks along the diagonal.
                if size != 1 { own[label, default: 0] += strides[axis] }
            }
            steps.append(own)
        }
        let rank = equation.result.letters.count + (equation.result.ellipsis == nil ? 0 : unnamed)
        let kept = try equation.labels(equation.result, rank: rank)
        let rest = order.filter { !kept.contains($0) }
        shape = kept.map { sizes[$0] ?? 1 }
        summed = rest.map { sizes[$0] ?? 1 }
        resultStrides = steps.map { own in kept.map { own[$0] ?? 0 } }
        summedStrides = steps.map { own in rest.map { own[$0] ?? 0 } }
        self.operands = operands
    }

    func run() throws(CNNOptError) -> TensorData {
        try IndexedCopy.check(shape, .float64)
        guard let type = operands.first?.elementType, checkedProduct(summed) != nil else {
            throw CNNOptError(.invalidModel, "the sizes of an equation overflow")
        }
        if type.isInteger {
            return try run(Int64.self, .int64, { $0 &* $1 }, { $0 &+ $1 }, one: 1).cast(to: type)
        }
        return try run(Double.self, .float64, { $0 * $1 }, { $0 + $1 }, one: 1).cast(to: type)
    }

    private func run<T: TensorScalar & Numeric>(
        _ type: T.Type,
        _ wide: ElementType,
        _ multiply: (T, T) -> T,
        _ add: (T, T) -> T,
        one: T
    ) throws(CNNOptError) -> TensorData {
        var values: [[T]] = []
        for operand in operands { values.append(try operand.cast(to: wide).array(of: T.self)) }
        let terms = checkedProduct(summed) ?? 0
        return try TensorData.make(T.self, shape: shape) { (target) throws(CNNOptError) in
            for index in target.indices {
                let starts = offsets(index, shape, resultStrides)
                var sum: T = 0
                var counter = [Int](repeating: 0, count: summed.count)
                var places = starts
                for _ in 0..<terms {
                    var product = one
                    for (operand, place) in places.enumerated() { product = multiply(product, values[operand][place]) }
                    sum = add(sum, product)
                    advance(&counter, &places)
                }
                target[index] = sum
            }
        }
    }

    private func offsets(_ index: Int, _ shape: [Int], _ strides: [[Int]]) -> [Int] {
        var (rest, result) = (index, [Int](repeating: 0, count: strides.count))
        for axis in shape.indices.reversed() {
            let position = rest % shape[axis]
            rest /= shape[axis]
            for operand in strides.indices { result[operand] += position * strides[operand][axis] }
        }
        return result
    }

    /// The next element of the axes that are summed over.
    private func advance(_ counter: inout [Int], _ places: inout [Int]) {
        for axis in summed.indices.reversed() {
            counter[axis] += 1
            for operand in places.indices { places[operand] += summedStrides[operand][axis] }
            if counter[axis] < summed[axis] { return }
            for operand in places.indices { places[operand] -= summedStrides[operand][axis] * summed[axis] }
            counter[axis] = 0
        }
    }
}
