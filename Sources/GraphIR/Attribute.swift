import Tensors

/// A named property of a node, known when the model is written.
package struct Attribute: Sendable {
    package enum Value: Sendable {
        case float(Float)
        case int(Int64)
        /// Byte strings: ONNX does not promise UTF-8 here.
        case string([UInt8])
        case tensor(Constant)
        case graph(Graph)
        case floats([Float])
        case ints([Int64])
        case strings([[UInt8]])
        case tensors([Constant])
        case graphs([Graph])
        /// Types, sparse tensors, references to a function's attribute, and kinds of the future: the fields of the
        /// serialised AttributeProto other than those modelled here, carried through in ``Attribute/residue``.
        case opaque
    }

    package var name: String
    package var value: Value
    package var docString: String?
    /// The attribute of the enclosing function that this one stands for.
    package var reference: String?
    /// False where an old file leaves the type out and the filled field tells it.
    package var writesType = true
    /// False where the file gives the type alone: the value is then that type's zero or empty text.
    package var writesValue = true
    /// Serialised fields that the graph does not model.
    package var residue: [UInt8] = []

    package init(_ name: String, _ value: Value) {
        self.name = name
        self.value = value
    }

    package init(_ name: String, _ value: Int) { self.init(name, .int(Int64(value))) }
    package init(_ name: String, _ values: [Int]) { self.init(name, .ints(values.map(Int64.init))) }
    package init(_ name: String, _ value: Float) { self.init(name, .float(value)) }
    package init(_ name: String, _ value: String) { self.init(name, .string(Array(value.utf8))) }

    /// The graphs inside the attribute.
    package var graphs: [Graph] {
        switch value {
        case .graph(let graph): [graph]
        case .graphs(let graphs): graphs
        default: []
        }
    }
}

/// A tensor stored in the model: an initialiser or a tensor attribute.
package struct Constant: Sendable {
    /// How the file stores the elements; kept so that an untouched tensor is written as it was read.
    package enum WireForm: Sendable, Hashable {
        /// Little-endian bytes in `raw_data`.
        case raw
        /// The typed field, such as `float_data` or `int32_data`.
        case typed
        /// In another file, at `location` relative to the model's folder.
        case external(location: String, offset: Int?, length: Int?)
    }

    package var name: String?
    /// Other data have another encoding: whoever sets them says it anew.
    package var data: TensorData { didSet { encoding = nil } }
    /// How the data were made, where that is known.
    package var encoding: TensorEncoding?
    package var docString: String?
    package var metadata: [MetadataEntry] = []
    package var wireForm = WireForm.raw
    /// Serialised fields that the graph does not model.
    package var residue: [UInt8] = []

    package init(name: String? = nil, _ data: TensorData) {
        self.name = name
        self.data = data
        if data.elementType == .string { wireForm = .typed }
    }
}

/// One entry of a metadata list: kept in order, and with the fields that were there.
package struct MetadataEntry: Sendable, Hashable {
    package var key: String?
    package var value: String?
    package var residue: [UInt8] = []

    package init(key: String?, value: String?) {
        self.key = key
        self.value = value
    }
}
