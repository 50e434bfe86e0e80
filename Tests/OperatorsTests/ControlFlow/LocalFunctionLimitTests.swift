import Execution
import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

/// How far calls may nest and what they may expand to.
@Suite struct LocalFunctionLimitTests: LocalFunctionSuite {
    /// Functions f0, f1… that each call others of them.
    private func functions(_ calls: [[String]]) throws -> [Function] {
        var result: [Function] = []
        for (index, list) in calls.enumerated() {
            result.append(
                try localFunction("f\(index)", inputs: ["v0"]) { (body) throws(CNNOptError) in
                    for (number, callee) in list.enumerated() {
                        let isOperator = callee == "Neg"
                        try body.node(
                            callee,
                            ["v\(number)"],
                            ["v\(number + 1)"],
                            domain: isOperator ? nil : "local"
                        )
                    }
                    try body.output("v\(list.count)")
                }
            )
        }
        return result
    }

    @Test(arguments: [[["f0"]], [["f1"], ["f0"]], [["f1"], ["f2", "f2"], ["Neg", "f0"]]])
    func recursionIsRefused(_ calls: [[String]]) throws {
        let model = try model(functions(calls), call: "f0")
        let error = #expect(throws: CNNOptError.self) { try run(model) }
        #expect(error?.code == .invalidModel)
        #expect(error?.message.contains("calls itself") == true)
    }

    @Test func recursionThroughABranchIsRefused() throws {
        let function = try localFunction("f", inputs: ["a"]) { (body) throws(CNNOptError) in
            let branch = try subgraph { (branch) throws(CNNOptError) in
                try branch.node("f", ["a"], ["r"], domain: "local")
                try branch.output("r")
            }
            try body.node("If", ["a"], ["b"], [Attribute("then_branch", branch), Attribute("else_branch", branch)])
            try body.output("b")
        }
        let error = #expect(throws: CNNOptError.self) { try run(model([function])) }
        #expect(error?.code == .invalidModel)
    }

    @Test func aBlowUpIsRefusedBeforeItHappens() throws {
        let calls = (1...60).map { ["f\($0)", "f\($0)"] } + [["Neg"]]
        let error = #expect(throws: CNNOptError.self) { try run(model(functions(calls), call: "f0")) }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("\(LocalFunctions.largestExpansion) nodes") == true)
        // Ten doublings are 1,024 negations.
        let few = (1...10).map { ["f\($0)", "f\($0)"] } + [["Neg"]]
        #expect(try run(model(functions(few), call: "f0")) == x)
    }

    @Test func callsNestToALimit() throws {
        func chain(_ length: Int) throws -> Model {
            try model(functions((1..<length).map { ["f\($0)"] } + [["Neg"]]), call: "f0")
        }
        #expect(try run(chain(LocalFunctions.deepestNesting)) == [2, -3])
        let error = #expect(throws: CNNOptError.self) { try run(chain(100_000)) }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("deep") == true)
    }
}
