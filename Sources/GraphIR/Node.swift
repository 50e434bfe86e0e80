/// The identity of a node within its graph; never reused.
package struct NodeID: Hashable, Sendable, Comparable {
    package let index: Int
    package init(index: Int) { self.index = index }
    package static func < (a: NodeID, b: NodeID) -> Bool { a.index < b.index }
}

/// The identity of a value (a tensor that flows along an edge) within its graph; never reused.
package struct ValueID: Hashable, Sendable, Comparable {
    package let index: Int
    package init(index: Int) { self.index = index }
    package static func < (a: ValueID, b: ValueID) -> Bool { a.index < b.index }
}

/// An operator by domain and name. The empty domain and `ai.onnx` are the same.
package struct OperatorName: Hashable, Sendable, CustomStringConvertible {
    package let domain: String
    package let type: String

    package init(_ type: String, domain: String = "") {
        self.type = type
        self.domain = domain == "ai.onnx" ? "" : domain
    }

    package var description: String { domain.isEmpty ? type : "\(domain).\(type)" }
}

/// One step of a graph: an operator applied to values.
package struct Node: Sendable {
    package var name: String?
    package var operatorType: String
    /// As the file spells it; nil where the field is absent. ``operatorName`` normalises it.
    package var domain: String?
    package var overload: String?
    /// nil stands for an optional input that is left out.
    package var inputs: [ValueID?]
    /// nil stands for an optional output that nobody asked for.
    package var outputs: [ValueID?]
    package var attributes: [Attribute]
    package var docString: String?
    package var metadata: [MetadataEntry] = []
    /// The pass that made this node; nil for nodes of the file.
    package var madeBy: String?
    /// Serialised fields that the graph does not model.
    package var residue: [UInt8] = []

    package init(
        _ operatorType: String,
        domain: String? = nil,
        name: String? = nil,
        inputs: [ValueID?],
        outputs: [ValueID?],
        attributes: [Attribute] = []
    ) {
        self.operatorType = operatorType
        self.domain = domain
        self.name = name
        self.inputs = inputs
        self.outputs = outputs
        self.attributes = attributes
    }

    package var operatorName: OperatorName { OperatorName(operatorType, domain: domain ?? "") }

    package func attribute(_ name: String) -> Attribute? { attributes.first { $0.name == name } }

    /// Replaces the attribute of the same name, or adds it at the end.
    package mutating func setAttribute(_ attribute: Attribute) {
        if let index = attributes.firstIndex(where: { $0.name == attribute.name }) {
            attributes[index] = attribute
        } else {
            attributes.append(attribute)
        }
    }

    /// Whether an attribute holds a graph.
    package var hasSubgraphs: Bool {
        attributes.contains { attribute in
            switch attribute.value {
            case .graph, .graphs: true
            default: false
            }
        }
    }

    /// The graphs in the node's attributes.
    package var subgraphs: [Graph] { attributes.flatMap(\.graphs) }
}

/// A value: a tensor that one node, the caller, or the file provides and any number of nodes use.
package struct Value: Sendable {
    /// One use of a value.
    package struct Use: Hashable, Sendable {
        package let node: NodeID
        /// The input's index, or nil where a subgraph of the node uses the value by name.
        package let port: Int?
    }

    package let name: String
    /// As the file declares it (graph input, output or value_info), or as a pass set it.
    package var type: ValueType?
    /// The stored tensor of an initialiser.
    package var constant: Constant?
    /// How the constant's data were made, where that is known.
    package var encoding: TensorEncoding? { constant?.encoding }
    /// The node that computes it, and at which output; nil for graph inputs, initialisers and values of an outer graph.
    package internal(set) var producer: (node: NodeID, port: Int)?
    /// Who uses it, in the order in which the uses were made.
    package internal(set) var uses = UseList()
    package internal(set) var isGraphInput = false
    package internal(set) var isGraphOutput = false
    /// Whether the graph's list of initialisers has an entry for the value.
    var isListedInitializer = false
    /// True where an initialiser of the file provides it that is carried through unread in the graph's residue: a sparse
    /// one, or one of an element type of the future.
    package internal(set) var isOpaqueConstant = false
    /// What the file says of the value beside its type, for each of the places where it says so.
    package internal(set) var declarations: [Declaration] = []

    /// The parts of a ValueInfoProto beside name and type.
    package struct Declaration: Sendable {
        /// The list of the graph that the declaration stands in.
        package enum Role: Sendable, Hashable { case input, output, inner }

        package let role: Role
        package var docString: String?
        package var metadata: [MetadataEntry] = []
        package var residue: [UInt8] = []
        /// The value's type after reading and the serialised TypeProto of this place (nil: none), kept where writing that
        /// type anew would lose something: denotations, or another place that says more. Used as long as the value still
        /// has that type.
        package var original: (type: ValueType?, bytes: [UInt8]?)?

        package init(_ role: Role) { self.role = role }
    }

    /// The declaration in that list; nil where it says nothing but name and type.
    package func declaration(_ role: Declaration.Role) -> Declaration? { declarations.first { $0.role == role } }

    package init(name: String) { self.name = name }
}
