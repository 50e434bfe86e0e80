import Execution
import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

/// The 8-bit operators that ONNX Runtime's quantiser writes.
@Suite struct ContributedTests {
    private static let domain = "com.microsoft"

    private func check(_ test: ContributedCase) throws {
        let result = try runOperator(
            test.type,
            inputs: test.inputs,
            attributes: test.attributes,
            opset: 1,
            domain: Self.domain
        )[0]
        #expect(result.shape == test.shape)
        #expect(result.integers() == test.codes)
        let first = test.inputs.compactMap { $0 }.first { $0.elementType == .uint8 || $0.elementType == .int8 }
        #expect(result.elementType == first?.elementType)
    }

    @Test(arguments: try ContributedCase.binary()) func sumsAndProducts(_ test: ContributedCase) throws {
        try check(test)
    }

    @Test(arguments: try ContributedCase.pools()) func means(_ test: ContributedCase) throws { try check(test) }

    @Test(arguments: try ContributedCase.moving()) func joinsAndChoices(_ test: ContributedCase) throws {
        try check(test)
    }

    @Test(arguments: try ContributedCase.functions()) func functions(_ test: ContributedCase) throws {
        try check(test)
    }

    @Test(arguments: try ContributedCase.products()) func matrices(_ test: ContributedCase) throws { try check(test) }

    @Test func withoutAScaleTheProductIsOfFloats() throws {
        let inputs = try Array(ContributedCase.products()[0].inputs.prefix(6))
        let result = try runOperator("QGemm", inputs: inputs, opset: 1, domain: Self.domain)[0]
        #expect(
            try result.array(of: Float.self) == [
                -0.44179999828338623, -0.29919999837875366, 1.5179998874664307, 1.6759999990463257,
                -0.34939998388290405, -0.36039999127388, 0.35339999198913574, 0.5863999724388123,
            ]
        )
    }

    @Test func productsOfMatricesCost() throws {
        let inputs = try ContributedCase.products()[1].inputs
        let attributes = [Attribute("transA", 1), Attribute("transB", 1)]
        let model = try singleNodeModel("QGemm", inputs: inputs, attributes: attributes, opset: 1, domain: Self.domain)
        #expect(try GraphFacts(model).cost(model.graph).macs == 2 * 3 * 4)
    }

    /// What the same operator of ONNX's own domain gives.
    @Test func linearQuantizationIsThatOfONNX() throws {
        let x = try TensorData([-2, -0.3, 0.1, 0.25, 5, 40] as [Float], shape: [2, 3])
        let scales = try TensorData([0.5, 0.25, 0.1] as [Float])
        let zeros = try u8([3, 0, 128])
        let axis = [Attribute("axis", 1)]
        let codes = try runOperator(
            "QuantizeLinear",
            inputs: [x, scales, zeros],
            attributes: axis,
            opset: 1,
            domain: Self.domain
        )[0]
        #expect(try codes.array(of: UInt8.self) == [0, 0, 129, 3, 20, 255])
        let numbers = try runOperator(
            "DequantizeLinear",
            inputs: [codes, scales, zeros],
            attributes: axis,
            opset: 1,
            domain: Self.domain
        )[0]
        #expect(try numbers.array(of: Float.self) == [-1.5, 0, 0.1, 0, 5, 12.7])
    }

    /// The version is that of the operator's own domain, whatever ONNX's is.
    @Test func theSiteHasItsDomainsVersion() throws {
        let sum = try #require(try ContributedCase.binary().first)
        var model = try singleNodeModel(sum.type, inputs: sum.inputs, opset: 13, domain: Self.domain)
        model.setOpset(1, domain: Self.domain)
        model.setOpset(13)
        let facts = try GraphFacts(model)
        #expect(model.graph.nodeIDs.map { facts.site($0, model.graph).opset } == [1])
    }

    @Test(arguments: [(0, [4, 1, 1]), (1, [1, 1, 6])] as [(Int, Shape)]) func sizesStaySymbolic(
        _ channelsLast: Int,
        _ shape: Shape
    ) throws {
        let type = "QLinearGlobalAveragePool"
        let node = Node(
            type,
            domain: Self.domain,
            inputs: [],
            outputs: [],
            attributes: [Attribute("channels_last", channelsLast)]
        )
        let x = OperatorSite.Input(type: TensorType(.uint8, [.symbol("n"), 4, 5, 6]))
        let site = OperatorSite(node: node, name: "node", opset: 1, inputs: [x])
        #expect(try definition(site).inferTypes(site) == [TensorType(.uint8, [.symbol("n")] + shape)])
    }

    /// Scales that no quantiser writes give codes, whatever they are; what does not fit is refused.
    @Test(arguments: [Float.nan, .infinity, -.infinity, 0, -1, .leastNonzeroMagnitude, 3e38]) func oddScales(
        _ value: Float
    ) throws {
        for test in try ContributedCase.all() {
            let inputs = try test.inputs.map { $0?.elementType == .float32 ? try scale(value) : $0 }
            let result = try runOperator(
                test.type,
                inputs: inputs,
                attributes: test.attributes,
                opset: 1,
                domain: Self.domain
            )
            #expect(result[0].shape == test.shape)
        }
    }

    /// Each case with one of its inputs left out, of another type, or of another shape.
    @Test func answersOrRefuses() throws {
        for test in try ContributedCase.all() {
            for port in test.inputs.indices {
                for other in [nil, try u8([1, 0]).cast(to: .bool), try s8([1, 2, 3, 4, 5], [5, 1])] {
                    var inputs = test.inputs
                    inputs[port] = other
                    do {
                        _ = try runOperator(
                            test.type,
                            inputs: inputs,
                            attributes: test.attributes,
                            opset: 1,
                            domain: Self.domain
                        )
                    } catch {
                        #expect(
                            error.code == .invalidModel || error.code == .unsupported,
                            "\(test.testDescription), input \(port): \(error)"
                        )
                    }
                }
            }
            #expect(throws: CNNOptError.self) {
                var inputs = test.inputs
                inputs[test.type == "QLinearConcat" ? 3 : 1] = nil
                _ = try runOperator(
                    test.type,
                    inputs: inputs,
                    attributes: test.attributes,
                    opset: 1,
                    domain: Self.domain
                )
            }
        }
    }

    @Test func softmaxNeedsItsOperatorSet() throws {
        let test = try #require(try ContributedCase.functions().last)
        #expect(throws: CNNOptError.self) {
            try runOperator(test.type, inputs: test.inputs, opset: 1, domain: Self.domain)
        }
    }
}
