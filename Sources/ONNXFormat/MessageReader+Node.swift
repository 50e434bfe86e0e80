import COnnxSchema
import GraphIR
import Tensors

extension MessageReader {
    func addNodes(
        _ list: UnsafeMutablePointer<UnsafeMutablePointer<Onnx__NodeProto>?>?,
        _ count: Int,
        to graph: inout Graph
    ) throws(CNNOptError) {
        for (index, message) in elements(list, count).enumerated() {
            let proto = message.pointee
            do {
                try graph.addNode(try node(message, in: &graph))
            } catch {
                let outputs = strings(proto.output, proto.n_output)
                let name = [text(proto.name) ?? ""] + outputs + ["#\(index)"]
                throw error.atNode(name.first { !$0.isEmpty } ?? "", operatorName: text(proto.op_type) ?? "?")
            }
        }
    }

    private func node(
        _ message: UnsafeMutablePointer<Onnx__NodeProto>,
        in graph: inout Graph
    ) throws(CNNOptError) -> Node {
        let proto = message.pointee
        guard let type = text(proto.op_type), !type.isEmpty else {
            throw CNNOptError(
                .invalidModel,
                "it names no operator",
                remedy: "the file is cut short or damaged; export it again"
            )
        }
        var node = Node(
            type,
            domain: text(proto.domain),
            name: text(proto.name),
            inputs: try values(proto.input, proto.n_input, in: &graph),
            outputs: try values(proto.output, proto.n_output, in: &graph)
        )
        node.overload = text(proto.overload)
        node.docString = text(proto.doc_string)
        node.metadata = metadata(proto.metadata_props, proto.n_metadata_props)
        for attribute in elements(proto.attribute, proto.n_attribute) {
            node.attributes.append(try self.attribute(attribute))
        }
        node.residue = residue(message) {
            $0.n_input = 0
            $0.n_output = 0
            $0.name = nil
            $0.op_type = nil
            $0.n_attribute = 0
            $0.doc_string = nil
            $0.domain = nil
            $0.overload = nil
            $0.n_metadata_props = 0
        }
        return node
    }

    private func values(
        _ list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
        _ count: Int,
        in graph: inout Graph
    ) throws(CNNOptError) -> [ValueID?] {
        var result: [ValueID?] = []
        result.reserveCapacity(count)
        for name in strings(list, count) {
            try check(name, graph)
            result.append(name.isEmpty ? nil : graph.internValue(name))
        }
        return result
    }

    /// Swift takes names for equal that differ in how letters with accents are composed; ONNX compares bytes.
    func check(_ name: String, _ graph: Graph) throws(CNNOptError) {
        guard !name.utf8.allSatisfy({ $0 < 0x80 }), let id = graph.value(named: name) else { return }
        guard !graph[id].name.utf8.elementsEqual(name.utf8) else { return }
        throw CNNOptError(
            .unsupported,
            "two names look the same but are composed of other characters",
            remedy: "rename one of them"
        )
        .atValue(name)
    }
}
