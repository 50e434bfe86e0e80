import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

/// Sizes that exporters compute at run time, known before it. In the texts `N` is a symbol and `?` unknown.
@Suite struct ShapeArithmeticTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let type: String
        let inputs: [String]
        let result: String
        let elementType: ElementType

        init(_ type: String, _ inputs: String..., result: String, as elementType: ElementType = .int64) {
            self.type = type
            self.inputs = inputs
            self.result = result
            self.elementType = elementType
        }

        var testDescription: String { "\(type) \(inputs)" }
    }

    private static func dimensions(_ text: String) -> [Dimension] {
        text.split(separator: " ").map { word in
            if let number = Int(word) { .known(number) } else { word == "?" ? .unknown : .symbol(String(word)) }
        }
    }

    private func elements(
        _ type: String,
        _ inputs: [String],
        _ elementType: ElementType,
        _ attributes: [Attribute] = []
    ) throws -> String? {
        let node = Node(type, name: "node", inputs: inputs.map { _ in nil }, outputs: [nil], attributes: attributes)
        let sites = inputs.map { text in
            let elements = Self.dimensions(text)
            return OperatorSite.Input(
                type: TensorType(elementType, [.known(elements.count)]),
                elements: ShapeElements(elements)
            )
        }
        let site = OperatorSite(node: node, name: "node", opset: 17, inputs: sites)
        guard let first = try definition(site).inferElements(site).first, let result = first else { return nil }
        return result.elements.map(\.description).joined(separator: " ")
    }

    static let cases: [Case] = [
        Case("Add", "N 3", "0 4", result: "N 7"),
        Case("Add", "N 3", "1", result: "? 4"),
        Case("Sub", "N N", "N 0", result: "0 N"),
        Case("Mul", "N 3", "1 -4", result: "N -12"),
        Case("Div", "N -7 7 7", "1 2 0 -2", result: "N -3 ? -3"),
        Case("Max", "N 3", "N 4", "9", result: "? 9"),
        Case("Min", "N 3", "N 4", result: "N 3"),
        Case("Equal", "N 3 4", "-1 3 3", result: "0 1 0"),
        Case("Greater", "3 4", "3", result: "0 1"),
        Case("Where", "0 1", "N N", "4 5", result: "4 N"),
        Case("ReduceProd", "2 3 4", result: "24"),
        Case("Mul", "9223372036854775807", "2", result: "?"),
        Case("Add", "2147483647", "1", result: "?", as: .int32),
        Case("Div", "7 8", "2", result: "? 4", as: .float32),
        Case("Add", "16777216", "1", result: "?", as: .float32),
        Case("Floor", "N 3", result: "N 3", as: .float32),
    ]

    @Test(arguments: cases)
    func numbersAreComputedAndSymbolsCarried(_ test: Case) throws {
        #expect(try elements(test.type, test.inputs, test.elementType) == test.result)
    }

    @Test func productsWithSymbolsAreUnknown() throws {
        #expect(try elements("ReduceProd", ["2 N"], .int64) == nil)
    }

    @Test func castsKeepWhatTheirTypeHolds() throws {
        func cast(_ numbers: String, to type: ElementType) throws -> String? {
            try elements("Cast", [numbers], .int64, [Attribute("to", Int(type.rawValue))])
        }
        #expect(try cast("N -1", to: .int64) == "N -1")
        #expect(try cast("N 7", to: .float32) == "N 7")
        #expect(try cast("N 16777217", to: .float32) == "N ?")
        #expect(try cast("N 1099511627776", to: .int32) == "N ?")
        #expect(try cast("7", to: .uint8) == nil)
    }
}
