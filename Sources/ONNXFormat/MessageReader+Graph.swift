import COnnxSchema
import GraphIR
import Tensors

extension MessageReader {
    func graph(_ message: UnsafeMutablePointer<Onnx__GraphProto>) throws(CNNOptError) -> Graph {
        let proto = message.pointee
        var graph = Graph(name: text(proto.name))
        graph.docString = text(proto.doc_string)
        graph.metadata = metadata(proto.metadata_props, proto.n_metadata_props)

        let inputs = elements(proto.input, proto.n_input)
        for info in inputs {
            let (name, type) = try declared(info, "graph input")
            try check(name, graph)
            try graph.addInput(name, type: type)
        }
        var unread = try addInitializers(proto, to: &graph)
        for sparse in elements(proto.sparse_initializer, proto.n_sparse_initializer) {
            try graph.addOpaqueConstant(text(sparse.pointee.values?.pointee.name) ?? "")
        }
        let outputs = elements(proto.output, proto.n_output)
        for info in outputs {
            let (name, type) = try declared(info, "graph output")
            try graph.addOutput(name, type: type)
        }
        var repeated = try declare(proto.value_info, proto.n_value_info, in: &graph)
        for info in inputs { try annotate(info, .input, in: &graph) }
        for info in outputs { try annotate(info, .output, in: &graph) }
        try addNodes(proto.node, proto.n_node, to: &graph)

        unread.withUnsafeMutableBufferPointer { unread in
            repeated.withUnsafeMutableBufferPointer { repeated in
                graph.residue = residue(message) {
                    $0.n_node = 0
                    $0.name = nil
                    $0.n_initializer = unread.count
                    $0.initializer = unread.baseAddress
                    $0.doc_string = nil
                    $0.n_input = 0
                    $0.n_output = 0
                    $0.n_value_info = repeated.count
                    $0.value_info = repeated.baseAddress
                    $0.n_metadata_props = 0
                }
            }
        }
        return graph
    }

    /// Adds the initialisers that can be read and returns the others, of element types of the future.
    private func addInitializers(
        _ proto: Onnx__GraphProto,
        to graph: inout Graph
    ) throws(CNNOptError) -> [UnsafeMutablePointer<Onnx__TensorProto>?] {
        var unread: [UnsafeMutablePointer<Onnx__TensorProto>?] = []
        for message in elements(proto.initializer, proto.n_initializer) {
            try check(text(message.pointee.name) ?? "", graph)
            if let constant = try constant(message) {
                try graph.addInitializer(constant)
            } else {
                try graph.addOpaqueConstant(text(message.pointee.name) ?? "")
                unread.append(message)
            }
        }
        return unread
    }

    /// Enters the declarations of inner values. Those that repeat one of the same list are returned, to be carried through.
    @discardableResult
    func declare(
        _ list: UnsafeMutablePointer<UnsafeMutablePointer<Onnx__ValueInfoProto>?>?,
        _ count: Int,
        in graph: inout Graph
    ) throws(CNNOptError) -> [UnsafeMutablePointer<Onnx__ValueInfoProto>?] {
        var repeated: [UnsafeMutablePointer<Onnx__ValueInfoProto>?] = []
        var taken: [UnsafeMutablePointer<Onnx__ValueInfoProto>] = []
        for info in elements(list, count) {
            let (name, type) = try declared(info, "value_info entry")
            if graph.addDeclaration(name, type: type) { taken.append(info) } else { repeated.append(info) }
        }
        for info in taken { try annotate(info, .inner, in: &graph) }
        return repeated
    }

    private func declared(
        _ info: UnsafeMutablePointer<Onnx__ValueInfoProto>,
        _ what: String
    ) throws(CNNOptError) -> (name: String, type: ValueType?) {
        guard let name = text(info.pointee.name), !name.isEmpty else {
            throw CNNOptError(.invalidModel, "a \(what) has no name", remedy: "the file is damaged; export it again")
        }
        return (name, info.pointee.type.flatMap { valueType($0) })
    }

    /// Keeps what a declaration says beside its name and the type that the value has after reading all of them.
    private func annotate(
        _ info: UnsafeMutablePointer<Onnx__ValueInfoProto>,
        _ role: Value.Declaration.Role,
        in graph: inout Graph
    ) throws(CNNOptError) {
        guard let name = text(info.pointee.name), let id = graph.value(named: name) else { return }
        var declaration = Value.Declaration(role)
        declaration.docString = text(info.pointee.doc_string)
        declaration.metadata = metadata(info.pointee.metadata_props, info.pointee.n_metadata_props)
        declaration.residue = residue(info) {
            $0.name = nil
            $0.type = nil
            $0.doc_string = nil
            $0.n_metadata_props = 0
        }
        let type = graph[id].type
        let written = info.pointee.type.map { packed($0) }
        let canonical: [UInt8]?
        if let type { canonical = try canonicalBytes(type) } else { canonical = nil }
        if written != canonical { declaration.original = (type, written) }
        if declaration.docString != nil || !declaration.metadata.isEmpty || !declaration.residue.isEmpty
            || declaration.original != nil
        {
            graph.annotate(id, declaration)
        }
    }
}
