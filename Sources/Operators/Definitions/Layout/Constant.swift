import GraphIR
import Tensors

/// A tensor stored in an attribute.
enum ConstantOperator: Operator {
    static let schema = OperatorSchema("Constant", versions: [1, 9, 11, 12, 13, 19, 21, 23, 24], inputs: 0...0)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let value = try value(site)
        return [TensorType(value.elementType, Shape(sizes: value.shape))]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let value = try value(site)
        return ReferenceKernel { (_, _) throws(CNNOptError) in [value] }
    }

    private static func value(_ site: OperatorSite) throws(CNNOptError) -> TensorData {
        if let tensor = try site.tensor("value") { return tensor }
        if let float = try site.float("value_float") { return try TensorData([float], shape: []) }
        if let floats = try site.floats("value_floats") { return try TensorData(floats) }
        if let int = try site.int("value_int") { return try TensorData([Int64(int)], shape: []) }
        if let ints = try site.ints("value_ints") { return try TensorData(ints.map(Int64.init)) }
        if let string = try site.string("value_string") {
            return try TensorData(strings: [Array(string.utf8)], shape: [])
        }
        if let attribute = site.node.attribute("value_strings"), case .strings(let strings) = attribute.value {
            return try TensorData(strings: strings, shape: [strings.count])
        }
        if site.node.attribute("sparse_value") != nil { throw site.failure(.unsupported, "a sparse constant") }
        throw site.failure(.invalidModel, "no value attribute", remedy: "the file is damaged; export it again")
    }
}
