// Every key is always there: what is not known is null.

extension ModelSummary {
    private enum Key: String, CodingKey {
        case opset, irVersion, producer, inputs, outputs, nodes, parameters, weightBytes, fileBytes, macs, operators,
            layers
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(opset, forKey: .opset)
        try container.encode(irVersion, forKey: .irVersion)
        try container.encode(producer, forKey: .producer)
        try container.encode(inputs, forKey: .inputs)
        try container.encode(outputs, forKey: .outputs)
        try container.encode(nodes, forKey: .nodes)
        try container.encode(parameters, forKey: .parameters)
        try container.encode(weightBytes, forKey: .weightBytes)
        try container.encode(fileBytes, forKey: .fileBytes)
        try container.encode(macs, forKey: .macs)
        try container.encode(operators, forKey: .operators)
        try container.encode(layers, forKey: .layers)
    }
}

extension ModelSummary.Edge {
    private enum Key: String, CodingKey { case name, elementType, shape }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encode(elementType, forKey: .elementType)
        try container.encode(shape, forKey: .shape)
    }
}

extension ModelSummary.Layer {
    private enum Key: String, CodingKey {
        case name, `operator`, outputShape, parameters, macs, weightBits, sparsity
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encode(`operator`, forKey: .operator)
        try container.encode(outputShape, forKey: .outputShape)
        try container.encode(parameters, forKey: .parameters)
        try container.encode(macs, forKey: .macs)
        try container.encode(weightBits, forKey: .weightBits)
        try container.encode(sparsity, forKey: .sparsity)
    }
}
