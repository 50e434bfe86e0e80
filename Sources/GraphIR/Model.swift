/// A whole ONNX model: the graph and what the file says around it.
package struct Model: Sendable {
    /// The version of one operator set that the model uses.
    package struct OpsetImport: Sendable, Hashable {
        package var domain: String?
        package var version: Int?
        package var residue: [UInt8] = []

        package init(domain: String?, version: Int?) {
            self.domain = domain
            self.version = version
        }
    }

    package var irVersion: Int?
    package var opsetImports: [OpsetImport] = []
    package var producerName: String?
    package var producerVersion: String?
    package var domain: String?
    package var modelVersion: Int?
    package var docString: String?
    package var metadata: [MetadataEntry] = []
    package var functions: [Function] = []
    package var graph: Graph
    /// Serialised fields that the model does not model (training information, device configurations, fields of the future).
    package var residue: [UInt8] = []

    package init(graph: Graph) { self.graph = graph }

    /// The version of a domain's operator set; nil where the model does not import it.
    package func opset(_ domain: String = "") -> Int? {
        opsetImports.first { OperatorName("", domain: $0.domain ?? "").domain == domain }?.version
    }

    /// Sets the version of a domain's operator set, adding the import where it is missing.
    package mutating func setOpset(_ version: Int, domain: String = "") {
        if let index = opsetImports.firstIndex(where: { OperatorName("", domain: $0.domain ?? "").domain == domain }) {
            opsetImports[index].version = version
        } else {
            opsetImports.append(OpsetImport(domain: domain, version: version))
        }
    }
}

/// A function of the model: an operator defined by a graph of others.
package struct Function: Sendable {
    package var name: String?
    package var domain: String?
    package var overload: String?
    /// The body; its inputs and outputs are the function's, by name and without types.
    package var body: Graph
    package var opsetImports: [Model.OpsetImport] = []
    /// Names of attributes without a default.
    package var attributeNames: [String] = []
    /// Attributes with their defaults.
    package var attributeDefaults: [Attribute] = []
    package var residue: [UInt8] = []

    package init(body: Graph) { self.body = body }
}
