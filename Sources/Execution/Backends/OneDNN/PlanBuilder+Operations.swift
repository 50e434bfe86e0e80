import Tensors

extension PlanBuilder {
    /// Places one operation.
    mutating func add(_ operation: Operation) throws(CNNOptError) {
        chooseThreads(for: operation)
        switch operation.kind {
        case .convolution(let form):
            if let integers = form.quantization {
                try addQuantizedConvolution(operation, form, integers)
            } else {
                try addConvolution(operation, form)
            }
        case .dense(let form):
            if let integers = form.quantization {
                try addQuantizedDense(operation, integers)
            } else {
                try addDense(operation, form)
            }
        case .product(let form): try addProduct(operation, form)
        case .normalization(let form): try addNormalization(operation, form)
        case .batchNormalization(let epsilon): try addBatchNormalization(operation, epsilon)
        case .localResponse(let form): try addLocalResponse(operation, form)
        case .pool(let pool): try addPool(operation, pool)
        case .globalAverage: try addGlobalAverage(operation)
        case .globalMaximum: try addGlobalMaximum(operation)
        case .function(let function): try addFunction(operation, function)
        case .pair(let function, let clamp): try addPair(operation, function, clamp)
        case .affine(let affine): try addAffine(operation, affine)
        case .softmax(let axis, let isLogarithm): try addSoftmax(operation, axis: axis, isLogarithm: isLogarithm)
        case .transposition(let permutation): try addTransposition(operation, permutation)
        case .reshaping: try addReshaping(operation)
        case .slice(let parts): try addSlice(operation, parts)
        case .split(let axis, let sizes): try addSplit(operation, axis: axis, sizes: sizes)
        case .concatenation(let axis): try addConcatenation(operation, axis: axis)
        case .zeroPadding(let padding): try addZeroPadding(operation, padding)
        case .nearestResize(let rows, let columns): try addNearestResize(operation, rows, columns)
        case .linearResize(let rows, let columns): try addLinearResize(operation, rows, columns)
        case .quantization(let grid): try addQuantization(operation, grid)
        case .dequantization(let grids): try addDequantization(operation, grids)
        case .table(let entries): try addTable(operation, entries)
        case .quantizedPair(let function, let clamp, let left, let right, let result):
            try addQuantizedPair(operation, function, clamp, left, right, result)
        case .quantizedAverage(let grid, let result): try addQuantizedAverage(operation, grid, result)
        case .reference(let kernel): try addReference(operation, kernel)
        }
    }
}
