/// A protobuf message under construction, byte by byte, so that tests can also build what no writer would.
package struct Wire: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package init(_ build: (inout Wire) -> Void) { build(&self) }

    package static func varint(_ value: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    package mutating func int(_ field: UInt64, _ value: Int64) {
        bytes += Self.varint(field << 3) + Self.varint(UInt64(bitPattern: value))
    }

    package mutating func float(_ field: UInt64, _ value: Float) {
        bytes += Self.varint(field << 3 | 5) + withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init)
    }

    package mutating func data(_ field: UInt64, _ content: [UInt8]) {
        bytes += Self.varint(field << 3 | 2) + Self.varint(UInt64(content.count)) + content
    }

    package mutating func text(_ field: UInt64, _ content: String) { data(field, Array(content.utf8)) }

    package mutating func message(_ field: UInt64, _ content: Wire) { data(field, content.bytes) }

    package mutating func message(_ field: UInt64, _ build: (inout Wire) -> Void) { message(field, Wire(build)) }

    package mutating func packed(_ field: UInt64, _ values: [Int64]) {
        data(field, values.flatMap { Self.varint(UInt64(bitPattern: $0)) })
    }

    package mutating func raw(_ content: [UInt8]) { bytes += content }
}

extension Wire {
    /// A tensor: fields 1, 2, then what `build` adds.
    package static func tensor(_ dims: [Int64], _ type: Int64, _ build: (inout Wire) -> Void = { _ in }) -> Wire {
        Wire { tensor in
            for size in dims { tensor.int(1, size) }
            tensor.int(2, type)
            build(&tensor)
        }
    }

    /// An initialiser of two floats.
    package static func floats(_ name: String) -> Wire {
        tensor([2], 1) {
            $0.text(8, name)
            $0.data(9, [0, 0, 128, 63, 0, 0, 0, 64])
        }
    }

    package static func node(
        _ type: String,
        _ inputs: [String],
        _ outputs: [String],
        _ build: (inout Wire) -> Void = { _ in }
    )
        -> Wire
    {
        Wire { node in
            for name in inputs { node.text(1, name) }
            for name in outputs { node.text(2, name) }
            node.text(4, type)
            build(&node)
        }
    }

    /// A value_info of a float vector.
    package static func value(_ name: String) -> Wire {
        Wire { info in
            info.text(1, name)
            info.message(2) { type in
                type.message(1) { tensor in
                    tensor.int(1, 1)
                    tensor.message(2) { shape in shape.message(1) { $0.int(1, 2) } }
                }
            }
        }
    }

    /// A whole model of IR version 8 and opset 13 around a graph.
    package static func model(_ graph: Wire, _ build: (inout Wire) -> Void = { _ in }) -> [UInt8] {
        Wire { model in
            model.int(1, 8)
            model.message(7, graph)
            model.message(8) { $0.int(2, 13) }
            build(&model)
        }.bytes
    }

    /// A graph x → nodes → y.
    package static func graph(
        nodes: [Wire] = [node("Relu", ["x"], ["y"])],
        initializers: [Wire] = [],
        _ build: (inout Wire) -> Void = { _ in }
    ) -> Wire {
        Wire { graph in
            for node in nodes { graph.message(1, node) }
            graph.text(2, "g")
            for tensor in initializers { graph.message(5, tensor) }
            graph.message(11, value("x"))
            graph.message(12, value("y"))
            build(&graph)
        }
    }
}
