import GraphIR
import Tensors

/// A matrix: the axes before `axis` merged into rows, the others into columns.
enum Flatten: Operator {
    static let schema = OperatorSchema("Flatten", versions: [1, 9, 11, 13, 21, 23, 24], inputs: 1...1)
    static var traits: OperatorTraits { [.movesData, .isQuantizable, .reshapes] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        guard let shape = site.shape(0) else { return [TensorType(site.elementType(0), [.unknown, .unknown])] }
        let axis = try axis(site.int("axis", default: 1), shape.count)
        let rows = DimensionProduct(shape[..<axis]).dimension
        let columns = DimensionProduct(shape[axis...]).dimension
        return [TensorType(site.elementType(0), [rows, columns])]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let attribute = try site.int("axis", default: 1)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let data = try inputs.required(0)
            let axis = try axis(attribute, data.shape.count)
            let rows = checkedProduct(data.shape[..<axis]) ?? 0
            let columns = checkedProduct(data.shape[axis...]) ?? 0
            return [try data.reshaped([rows, columns])]
        }
    }

    /// Here an axis may equal the rank: all axes become rows.
    private static func axis(_ axis: Int, _ rank: Int) throws(CNNOptError) -> Int {
        guard axis >= -rank, axis <= rank else {
            throw CNNOptError(.invalidModel, "axis \(axis) is outside a tensor of rank \(rank)")
        }
        return axis < 0 ? axis + rank : axis
    }

    static func forwardedInput(_ site: OperatorSite) throws(CNNOptError) -> Int? {
        site.hasSameShape(0, keepsCount: true) ? 0 : nil
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .reshape(site.shape(0), site.outputType(0).shape)
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        .reshaping
    }
}
