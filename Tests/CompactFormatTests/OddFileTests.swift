import CompactFormat
import TestSupport
import Tensors
import Testing

/// Files that no writer of ours would write, but that are protobuf and ONNX.
@Suite struct OddFileTests {
    private static let data = bytes(bell(200))

    private static func tensor(_ build: (inout Wire) -> Void) -> Wire { Wire.tensor([10, 20], 1, build) }

    static let models: [(name: String, bytes: [UInt8])] = [
        (
            "raw data before the shape",
            model { graph in
                graph.message(5) {
                    $0.data(9, data)
                    $0.int(2, 1)
                    $0.packed(1, [10, 20])
                }
            }
        ),
        (
            "data twice, and of another type",
            model { graph in
                graph.message(
                    5,
                    tensor {
                        $0.data(9, data)
                        $0.data(9, Array(data.reversed()))
                        $0.data(4, data)
                    }
                )
            }
        ),
        (
            "floats one by one",
            model { graph in
                graph.message(5, tensor { tensor in for value in bell(200) { tensor.float(4, value) } })
            }
        ),
        (
            "floats packed in two pieces",
            model { graph in
                graph.message(
                    5,
                    tensor {
                        $0.data(4, Array(data.prefix(400)))
                        $0.data(4, Array(data.suffix(400)))
                    }
                )
            }
        ),
        (
            "negative and positive numbers of variable length",
            model { graph in
                graph.message(5, Wire.tensor([200], 6) { $0.packed(5, (0..<200).map { Int64($0 * 7 - 700) }) })
            }
        ),
        (
            "numbers of variable length that are longer than they need be",
            model { graph in
                graph.message(
                    5,
                    Wire.tensor([100], 7) { $0.data(7, (0..<100).flatMap { [UInt8($0) | 0x80, 0x80, 0] }) }
                )
            }
        ),
        (
            "unsigned numbers of 64 bits",
            model { graph in
                graph.message(5, Wire.tensor([100], 13) { $0.packed(11, (0..<100).map { Int64.max - $0 }) })
            }
        ),
        (
            "unknown fields and a long length",
            model { graph in
                graph.message(
                    5,
                    tensor {
                        $0.text(900, "of the future")
                        // A length of three bytes where two would do.
                        $0.raw([0x4A, 0xA0, 0x86, 0x00])
                        $0.raw(data)
                    }
                )
                graph.data(77, data)
            }
        ),
        (
            "tensors in attributes, graphs in nodes and sparse tensors",
            model { graph in
                graph.message(1) { node in
                    node.text(4, "If")
                    node.message(5) { attribute in
                        attribute.text(1, "then_branch")
                        attribute.message(6) { $0.message(5, tensor { $0.data(9, data) }) }
                    }
                    node.message(5) { attribute in
                        attribute.text(1, "value")
                        attribute.message(5, tensor { $0.data(9, Array(data.reversed())) })
                        attribute.message(10, tensor { $0.data(9, data) })
                    }
                }
                graph.message(15) { $0.message(1, Wire.tensor([200], 1) { $0.data(9, data) }) }
            }
        ),
        (
            "a function's body",
            Wire { model in
                model.message(7) { $0.text(2, "g") }
                model.message(25) { function in
                    function.message(7) { $0.message(5) { $0.message(5, tensor { $0.data(9, data) }) } }
                }
            }.bytes
        ),
        ("an empty graph", model { _ in }),
        ("a graph given as no bytes", [0x3A, 0x00]),
    ]

    @Test(arguments: models.indices) func comesBack(_ number: Int) throws {
        let original = Self.models[number].bytes
        for mixing in [true, false] {
            #expect(try restore(try pack(original, mixing: mixing)) == original, "\(Self.models[number].name)")
        }
    }

    @Test func payloadsAreFoundWhereverTheyAre() throws {
        let counts = try Self.models.map { try open(try pack($0.bytes)).index.payloads.count }
        #expect(counts == [1, 3, 0, 2, 1, 1, 1, 1, 4, 1, 0, 0])
    }

    @Test(
        arguments: [
            [], Array("this is no model".utf8), [0x0A], Array(Wire { $0.int(1, 8) }.bytes),
            Array(model([4, 100], .float32, data).dropLast(9)),
        ] as [[UInt8]]
    )
    func whatIsNoModelIsRefused(_ bytes: [UInt8]) {
        expectError(.invalidModel) { _ = try pack(bytes) }
    }

    @Test func dataInOtherFilesAreRefused() {
        let external = model { graph in
            graph.message(
                5,
                Wire.tensor([4], 1) {
                    $0.text(8, "w")
                    $0.message(13) {
                        $0.text(1, "location")
                        $0.text(2, "w.bin")
                    }
                    $0.int(14, 1)
                }
            )
        }
        expectError(.unsupported, "'w'") { _ = try pack(external) }
    }
}
