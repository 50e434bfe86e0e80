import TestSupport
/// A small model with something in every field that is carried in a way of its own, its fields in the order in which
/// protobuf-c writes them, so that reading and writing has to give the very same bytes.
enum RichModel {
    static let bytes: [UInt8] = Wire { model in
        model.int(1, 10)
        model.text(2, "a test")
        model.text(3, "")
        model.text(4, "org.example")
        model.int(5, -1)
        model.text(6, "doc\nstring")
        model.message(7, graph)
        model.message(8) {
            $0.text(1, "")
            $0.int(2, 21)
        }
        model.message(8) { $0.text(1, "org.example") }
        model.message(14) {
            $0.text(1, "key")
            $0.text(2, "")
        }
        model.message(14) { $0.int(77, 5) }
        model.message(25, function)
        model.message(20) { training in training.message(1) { $0.text(2, "init") } }
        model.message(26) { $0.text(1, "two devices") }
        model.data(200, [1, 2, 3])
    }.bytes

    static let subgraph = Wire { graph in
        graph.message(1, .node("Add", ["x", "w"], ["inner"]))
        graph.text(2, "branch")
        graph.message(12) { $0.text(1, "inner") }
    }

    private static let graph = Wire { graph in
        graph.message(1, conditional)
        graph.message(1, attributes)
        graph.message(
            1,
            Wire { node in
                node.text(1, "b")
                node.text(2, "y")
                node.text(3, "named")
                node.text(4, "Relu")
                node.text(6, "what it does")
                node.text(7, "ai.onnx")
                node.text(8, "overloaded")
                node.message(9) { $0.text(1, "note") }
                node.message(10) { $0.text(1, "two devices") }
            }
        )
        graph.text(2, "main")
        graph.message(5, .floats("w"))
        graph.message(
            5,
            .tensor([], 11) {
                $0.text(8, "typed")
                $0.data(10, [0, 0, 0, 0, 0, 0, 240, 63])
                $0.text(12, "one")
                $0.message(16) { $0.text(1, "of the tensor") }
                $0.int(14, 0)
            }
        )
        graph.text(10, "the graph's")
        graph.message(11, .value("x"))
        graph.message(11, .value("w"))
        graph.message(11) { info in
            info.text(1, "image")
            info.message(2) { type in
                type.message(1) { tensor in
                    tensor.int(1, 1)
                    tensor.message(2) { shape in
                        shape.message(1) {
                            $0.text(2, "N")
                            $0.text(3, "DATA_BATCH")
                        }
                        shape.message(1) { _ in }
                        shape.message(1) { $0.int(1, -1) }
                    }
                }
                type.text(6, "IMAGE")
            }
            info.text(3, "an image")
            info.message(4) { $0.text(1, "colour") }
        }
        graph.message(11) { info in
            info.text(1, "list")
            info.message(2) { type in type.message(4) { $0.message(1) { $0.message(1) { $0.int(1, 7) } } } }
        }
        graph.message(12, .value("y"))
        graph.message(13) { info in
            info.text(1, "y")
            info.text(3, "said of it elsewhere")
        }
        graph.message(13, .value("a"))
        graph.message(13, .value("stale"))
        graph.message(16) { $0.text(1, "of the graph") }
        graph.message(14) { $0.text(1, "a") }
        graph.message(15) { $0.message(1, .floats("sparse")) }
    }

    private static let conditional = Wire.node("If", ["", "image", ""], ["a", ""]) { node in
        node.message(5) {
            $0.text(1, "then_branch")
            $0.message(6, subgraph)
            $0.int(20, 5)
        }
        node.message(5) {
            $0.text(1, "branches")
            $0.message(11, subgraph)
            $0.message(11, subgraph)
            $0.int(20, 10)
        }
    }

    /// Every kind of attribute value.
    private static let attributes = Wire.node("Custom", ["a", "sparse"], ["b", "condition"]) { node in
        func attribute(_ name: String, _ type: Int64?, _ build: (inout Wire) -> Void) {
            node.message(5) {
                $0.text(1, name)
                build(&$0)
                if let type { $0.int(20, type) }
            }
        }
        attribute("f", 1) { $0.float(2, -0.0) }
        attribute("i", 2) { $0.int(3, .min) }
        attribute("s", 3) { $0.data(4, [0, 255, 0]) }
        attribute("t", 4) { $0.message(5, .floats("inside")) }
        attribute("floats", 6) {
            $0.float(7, .infinity)
            $0.float(7, 1)
        }
        attribute("ints", 7) {
            $0.int(8, -1)
            $0.int(8, 1)
        }
        attribute("strings", 8) {
            $0.data(9, [])
            $0.data(9, [200])
        }
        attribute("tensors", 9) { $0.message(10, .floats("")) }
        attribute("untyped", nil) { $0.int(3, 1) }
        attribute("untyped empty", nil) { _ in }
        attribute("empty list", 7) { _ in }
        attribute("zero", 2) { _ in }
        attribute("documented", 1) {
            $0.float(2, 1)
            $0.text(13, "doc")
        }
        attribute("type", nil) {
            $0.message(14) { $0.text(6, "X") }
            $0.int(20, 13)
        }
        attribute("sparse", nil) {
            $0.int(20, 11)
            $0.message(22) { $0.int(3, 4) }
        }
        attribute("of the future", nil) {
            $0.int(20, 99)
            $0.data(40, [1])
        }
        attribute("unknown tensor", 4) { $0.message(5, .tensor([1], 200) { $0.data(9, [1]) }) }
    }

    private static let function = Wire { function in
        function.text(1, "Twice")
        function.text(4, "x")
        function.text(5, "y")
        function.text(6, "alpha")
        function.message(
            7,
            .node("Scale", ["x"], ["y"]) { node in
                node.message(5) {
                    $0.text(1, "alpha")
                    $0.text(21, "alpha")
                    $0.int(20, 1)
                }
            }
        )
        function.text(8, "doc")
        function.message(9) { $0.int(2, 13) }
        function.text(10, "org.example")
        function.message(11) {
            $0.text(1, "beta")
            $0.float(2, 1)
            $0.int(20, 1)
        }
        function.message(12, .value("y"))
        function.text(13, "one")
        function.message(14) { $0.text(1, "k") }
        function.int(99, 1)
    }
}
