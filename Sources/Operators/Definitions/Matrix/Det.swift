import GraphIR
import Tensors

/// The determinant of each square matrix of the last two axes.
enum Det: Operator {
    static let schema = OperatorSchema("Det", versions: [11, 22], inputs: 1...1)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        guard let shape = site.shape(0) else { return [TensorType(site.elementType(0), nil)] }
        guard shape.count >= 2 else { throw site.failure(.invalidModel, "an input of rank \(shape.count)") }
        return [TensorType(site.elementType(0), Shape(shape.dropLast(2)))]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let x = try inputs.required(0)
            guard x.shape.count >= 2, let size = x.shape.last, x.shape[x.shape.count - 2] == size else {
                throw CNNOptError(.invalidModel, "matrices of shape \(x.shape) are not square")
            }
            let shape = Array(x.shape.dropLast(2))
            try IndexedCopy.check(shape, .float64)
            let values = try x.doubles()
            let count = checkedProduct(shape) ?? 0
            let results = (0..<count).map {
                determinant(Array(values[$0 * size * size..<($0 + 1) * size * size]), size)
            }
            return [try TensorData(results, shape: shape).cast(to: x.elementType)]
        }
    }

    /// By elimination, with the largest element of each column as pivot.
    private static func determinant(_ matrix: [Double], _ size: Int) -> Double {
        var (m, result) = (matrix, 1.0)
        for k in 0..<size {
            var pivot = k
            for row in k..<size where abs(m[row * size + k]) > abs(m[pivot * size + k]) { pivot = row }
            if pivot != k {
                for column in 0..<size { m.swapAt(k * size + column, pivot * size + column) }
                result = -result
            }
            let corner = m[k * size + k]
            result *= corner
            if corner == 0 { return 0 }
            for row in k + 1..<max(size, k + 1) {
                let factor = m[row * size + k] / corner
                for column in k..<size { m[row * size + column] -= factor * m[k * size + column] }
            }
        }
        return result
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let shape = site.shape(0) else { return .barrier("the rank of its input is unknown") }
        return .mapping(shape, shape.indices.dropLast(2).map { (input: $0, output: $0) })
    }
}
