import Execution
import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

/// Files may declare shapes and types that their nodes do not give: the fast back end refuses them, and reads and writes nothing
/// beside its tensors.
@Suite struct ContradictionTests {
    private func failure(_ model: Model, _ inputs: [TensorData], _ backend: Backend) throws -> CNNOptError.Code? {
        var feeds: [ValueID: TensorData] = [:]
        for (id, tensor) in zip(model.graph.feeds, inputs) { feeds[id] = tensor }
        do throws(CNNOptError) {
            _ = try Engine(model, backend: backend).run(feeds, threads: 1)
            return nil
        } catch {
            return error.code
        }
    }

    private func typed(_ shape: [Int]) -> ValueType {
        .tensor(TensorType(.float32, shape.map { Dimension.known($0) }))
    }

    /// Plain loops need no declared shape; plans are made for it.
    @Test func anOutputThatIsDeclaredLarger() throws {
        var builder = ModelBuilder()
        try builder.input("x", [3, 4, 5])
        try builder.input("axes", [1], .int64)
        try builder.node("Unsqueeze", ["x", "axes"], ["y"])
        var model = builder.model
        try model.graph.addOutput("y", type: typed([3, 4, 28_619, 5]))
        let inputs = try [TensorData.random([3, 4, 5], seed: 1), TensorData([2] as [Int64])]
        #expect(try failure(model, inputs, .onednn) == .invalidModel)
    }

    @Test(arguments: [Backend.onednn, .reference])
    func aSlopeThatIsLargerThanItsData(_ backend: Backend) throws {
        var builder = ModelBuilder()
        try builder.input("x", [3, 5])
        try builder.input("slope", [3, 3, 4, 5])
        try builder.node("PRelu", ["x", "slope"], ["y"])
        var model = builder.model
        try model.graph.addOutput("y", type: typed([3, 4, 5]))
        let inputs = try [TensorData.random([3, 5], seed: 1), TensorData.random([3, 3, 4, 5], seed: 2)]
        #expect(try failure(model, inputs, backend) == .invalidModel)
    }
}
