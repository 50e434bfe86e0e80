import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

/// Sums over letters, determinants, running products, different elements and other small algebra.
@Suite struct AlgebraTests {
    private let a: TensorData
    private let b: TensorData

    init() throws {
        a = try TensorData([1, 2, 3, 4] as [Float], shape: [2, 2])
        b = try TensorData([5, 6, 7, 8] as [Float], shape: [2, 2])
    }

    struct Equation: Sendable, CustomTestStringConvertible {
        let text: String
        let shape: [Int]
        let result: [Float]
        var testDescription: String { text }
    }

    @Test(arguments: [
        Equation(text: "ij,jk->ik", shape: [2, 2], result: [19, 22, 43, 50]),
        Equation(text: "ij,jk", shape: [2, 2], result: [19, 22, 43, 50]),
        Equation(text: "ij,ij->", shape: [], result: [70]),
        Equation(text: "ij , kj -> k i", shape: [2, 2], result: [17, 39, 23, 53]),
        Equation(text: "...j,...j->...", shape: [2], result: [17, 53]),
        Equation(text: "ii,jj->ij", shape: [2, 2], result: [5, 8, 20, 32]),
    ])
    func equations(_ equation: Equation) throws {
        let y = try runOperator("Einsum", inputs: [a, b], attributes: [Attribute("equation", equation.text)])[0]
        #expect(y.shape == equation.shape)
        #expect(try y.array(of: Float.self) == equation.result)
    }

    @Test func oneOperand() throws {
        func run(_ text: String) throws -> [Float] {
            try runOperator("Einsum", inputs: [a], attributes: [Attribute("equation", text)])[0].array(of: Float.self)
        }
        #expect(try run("ij->ji") == [1, 3, 2, 4])
        #expect(try run("ii->i") == [1, 4])
        #expect(try run("ij->j") == [4, 6])
        #expect(try run("ba") == [1, 3, 2, 4])
    }

    @Test(arguments: ["ij->ik", "ij,jk->ik", "ijk->i", "ij-", "i.j->i", "", "ij->ii", "i1->i"])
    func noEquations(_ text: String) throws {
        #expect(throws: CNNOptError.self) {
            try runOperator("Einsum", inputs: [a], attributes: [Attribute("equation", text)])
        }
    }

    @Test func determinants() throws {
        let x = try TensorData([1, 2, 3, 4, 0, 1, 1, 0, 1, 2, 2, 4] as [Double], shape: [3, 2, 2])
        let y = try runOperator("Det", inputs: [x])[0].array(of: Double.self)
        #expect(abs(y[0] + 2) < 1e-12)
        #expect(y[1] == -1 && y[2] == 0)
        #expect(throws: CNNOptError.self) {
            try runOperator("Det", inputs: [TensorData(zeros: .float32, shape: [2, 3])])
        }
    }

    @Test func runningProducts() throws {
        let x = try TensorData([1, 2, 3, 4, 5, 6] as [Int32], shape: [2, 3])
        func run(_ axis: Int64, _ attributes: [Attribute] = []) throws -> [Int32] {
            try runOperator("CumProd", inputs: [x, TensorData([axis], shape: [])], attributes: attributes, opset: 26)[0]
                .array(of: Int32.self)
        }
        let (reverse, exclusive) = (Attribute("reverse", 1), Attribute("exclusive", 1))
        #expect(try run(0) == [1, 2, 3, 4, 10, 18])
        #expect(try run(1) == [1, 2, 6, 4, 20, 120])
        #expect(try run(-1, [reverse]) == [6, 6, 3, 120, 30, 6])
        #expect(try run(1, [reverse, exclusive]) == [6, 3, 1, 30, 6, 1])
    }

    @Test func bitsReadAsAnotherType() throws {
        let x = try TensorData([1, -2] as [Float])
        let to = Attribute("to", Int(ElementType.uint32.rawValue))
        let bits = try runOperator("BitCast", inputs: [x], attributes: [to], opset: 26)[0]
        #expect(try bits.array(of: UInt32.self) == [0x3F80_0000, 0xC000_0000])
        for wrong in [ElementType.int64, .string] {
            let to = Attribute("to", Int(wrong.rawValue))
            #expect(throws: CNNOptError.self) { try runOperator("BitCast", inputs: [x], attributes: [to], opset: 26) }
        }
    }

    @Test func differentElements() throws {
        let x = try TensorData([2, 1, 1, 3, 4, 3] as [Float])
        let sorted = try runOperator("Unique", inputs: [x], outputCount: 4)
        #expect(try sorted[0].array(of: Float.self) == [1, 2, 3, 4])
        #expect(try sorted[1].array(of: Int64.self) == [1, 0, 3, 4])
        #expect(try sorted[2].array(of: Int64.self) == [1, 0, 0, 2, 3, 2])
        #expect(try sorted[3].array(of: Int64.self) == [2, 1, 2, 1])
        let first = try runOperator("Unique", inputs: [x], attributes: [Attribute("sorted", 0)], outputCount: 4)
        #expect(try first[0].array(of: Float.self) == [2, 1, 3, 4])
        #expect(try first[1].array(of: Int64.self) == [0, 1, 3, 4])
        #expect(try first[2].array(of: Int64.self) == [0, 1, 1, 2, 3, 2])
    }

    @Test func differentSlices() throws {
        let x = try TensorData([1, 0, 0, 1, 0, 0, 2, 3, 4] as [Int8], shape: [3, 3])
        let rows = try runOperator("Unique", inputs: [x], attributes: [Attribute("axis", 0)], outputCount: 4)
        #expect(rows[0].shape == [2, 3])
        #expect(try rows[0].array(of: Int8.self) == [1, 0, 0, 2, 3, 4])
        #expect(try rows[2].array(of: Int64.self) == [0, 0, 1])
        let words = try TensorData(strings: [[98], [97], [98]], shape: [3])
        #expect(try runOperator("Unique", inputs: [words])[0].strings == [[97], [98]])
    }

    @Test func cachesAreWritten() throws {
        let cache = try TensorData((0..<8).map { Int16($0) }, shape: [2, 4, 1])
        let update = try TensorData([-1, -2, -3, -4] as [Int16], shape: [2, 2, 1])
        let starts = try TensorData([3, 1] as [Int64])
        func run(_ mode: String) throws -> [Int16] {
            try runOperator(
                "TensorScatter",
                inputs: [cache, update, starts],
                attributes: [Attribute("mode", mode)],
                opset: 24
            )[0].array(of: Int16.self)
        }
        #expect(try run("circular") == [-2, 1, 2, -1, 4, -3, -4, 7])
        #expect(throws: CNNOptError.self) { try run("linear") }
    }
}
