import COnnxSchema
import GraphIR
import Tensors

extension MessageReader {
    func attribute(_ message: UnsafeMutablePointer<Onnx__AttributeProto>) throws(CNNOptError) -> Attribute {
        guard let name = text(message.pointee.name), !name.isEmpty else {
            throw CNNOptError(.invalidModel, "an attribute has no name", remedy: "the file is damaged; export it again")
        }
        // What this copy still has at the end is what the graph does not model.
        var rest = message.pointee
        var attribute = Attribute(name, .opaque)
        attribute.docString = text(rest.doc_string)
        attribute.reference = text(rest.ref_attr_name)
        rest.name = nil
        rest.doc_string = nil
        rest.ref_attr_name = nil

        let filled = AttributeKind.allCases.filter { $0.isFilled(in: rest) }
        let stated = rest.has_type != 0 ? AttributeKind(rawValue: rest.type.rawValue) : nil
        let inferred = rest.has_type == 0 && filled.count == 1 ? filled.first : nil
        if let kind = stated ?? inferred, attribute.reference == nil, isReadable(kind, rest) {
            guard filled.isEmpty || filled.contains(kind) else {
                throw CNNOptError(
                    .invalidModel,
                    "attribute '\(name)' says that it is \(kind), but its value is \(filled[0])",
                    remedy: "the file is damaged; export it again"
                )
            }
            if let value = try value(kind, taking: &rest) {
                attribute.value = value
                attribute.writesType = stated != nil
                attribute.writesValue = filled.contains(kind) || kind.isList
                rest.has_type = 0
            }
        }
        attribute.residue = withUnsafeMutablePointer(to: &rest) { packed($0) }
        return attribute
    }

    /// Whether all tensors in it are of element types that are known here; otherwise it is carried through unread.
    private func isReadable(_ kind: AttributeKind, _ proto: Onnx__AttributeProto) -> Bool {
        switch kind {
        case .tensor: proto.t.map(hasKnownType) ?? true
        case .tensors: elements(proto.tensors, proto.n_tensors).allSatisfy(hasKnownType)
        default: true
        }
    }

    /// Takes the value off the message; nil where there is none to take.
    private func value(
        _ kind: AttributeKind,
        taking rest: inout Onnx__AttributeProto
    ) throws(CNNOptError) -> Attribute.Value? {
        switch kind {
        case .float:
            rest.has_f = 0
            return .float(rest.f)
        case .int:
            rest.has_i = 0
            return .int(rest.i)
        case .string:
            rest.has_s = 0
            return .string(bytes(rest.s))
        case .tensor:
            guard let tensor = rest.t, let constant = try constant(tensor) else { return nil }
            rest.t = nil
            return .tensor(constant)
        case .graph:
            guard let message = rest.g else { return nil }
            rest.g = nil
            return .graph(try graph(message))
        case .floats:
            defer { rest.n_floats = 0 }
            return .floats(Array(UnsafeBufferPointer(start: rest.floats, count: rest.n_floats)))
        case .ints:
            defer { rest.n_ints = 0 }
            return .ints(Array(UnsafeBufferPointer(start: rest.ints, count: rest.n_ints)))
        case .strings:
            defer { rest.n_strings = 0 }
            return .strings(UnsafeBufferPointer(start: rest.strings, count: rest.n_strings).map(bytes))
        case .tensors:
            var constants: [Constant] = []
            for tensor in elements(rest.tensors, rest.n_tensors) {
                if let constant = try constant(tensor) { constants.append(constant) }
            }
            rest.n_tensors = 0
            return .tensors(constants)
        case .graphs:
            var graphs: [Graph] = []
            for message in elements(rest.graphs, rest.n_graphs) { graphs.append(try graph(message)) }
            rest.n_graphs = 0
            return .graphs(graphs)
        case .sparseTensor, .sparseTensors, .type, .types:
            return nil
        }
    }
}

/// The kinds of attribute values; raw values are the numbers of `AttributeProto.AttributeType`.
enum AttributeKind: UInt32, CaseIterable {
    case float = 1
    case int, string, tensor, graph, floats, ints, strings, tensors, graphs
    case sparseTensor, sparseTensors, type, types

    /// Whether the field of this kind is there.
    func isFilled(in proto: Onnx__AttributeProto) -> Bool {
        switch self {
        case .float: proto.has_f != 0
        case .int: proto.has_i != 0
        case .string: proto.has_s != 0
        case .tensor: proto.t != nil
        case .graph: proto.g != nil
        case .floats: proto.n_floats > 0
        case .ints: proto.n_ints > 0
        case .strings: proto.n_strings > 0
        case .tensors: proto.n_tensors > 0
        case .graphs: proto.n_graphs > 0
        case .sparseTensor: proto.sparse_tensor != nil
        case .sparseTensors: proto.n_sparse_tensors > 0
        case .type: proto.tp != nil
        case .types: proto.n_type_protos > 0
        }
    }

    /// Whether an absent field is an empty list.
    var isList: Bool {
        switch self {
        case .floats, .ints, .strings, .tensors, .graphs: true
        default: false
        }
    }
}
