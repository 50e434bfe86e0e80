import Execution
import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct BroadcastingTests {
    @Test(arguments: [
        ([2, 3, 4], [2, 3, 4]), ([2, 3, 4], [4]), ([2, 3, 4], [3, 1]), ([1, 3, 1], [2, 1, 4]), ([], [2, 2]),
        ([2, 3], [0, 1, 1]),
    ])
    func additionMatchesIndexArithmetic(_ a: [Int], _ b: [Int]) throws {
        let left = try TensorData((0..<a.reduce(1, *)).map { Float($0) }, shape: a)
        let right = try TensorData((0..<b.reduce(1, *)).map { Float(100 * $0) }, shape: b)
        let result = try runOperator("Add", inputs: [left, right])[0]
        let shape = try Broadcasting.shape([a, b])
        #expect(result.shape == shape)
        let (x, y, z) = (
            try left.array(of: Float.self), try right.array(of: Float.self), try result.array(of: Float.self)
        )
        let (sa, sb, so) = (
            Broadcasting.strides(a, to: shape), Broadcasting.strides(b, to: shape), rowMajorStrides(shape)
        )
        for flat in z.indices {
            var (i, j) = (0, 0)
            for axis in shape.indices {
                let index = flat / so[axis] % shape[axis]
                i += index * sa[axis]
                j += index * sb[axis]
            }
            #expect(z[flat] == x[i] + y[j])
        }
    }

    @Test func shapesThatDoNotBroadcastNameTheNode() throws {
        let error = #expect(throws: CNNOptError.self) {
            try runOperator(
                "Add",
                inputs: [
                    try TensorData(zeros: .float32, shape: [2, 3]), try TensorData(zeros: .float32, shape: [2, 4]),
                ]
            )
        }
        #expect(error?.location.node == "node")
        #expect(error?.exitStatus == 65)
    }

    @Test func anUnknownOperatorIsNamedWhenItHasToRun() throws {
        let error = #expect(throws: CNNOptError.self) {
            try runOperator("Frobnicate", inputs: [try TensorData([1] as [Float])])
        }
        #expect(error?.exitStatus == 69)
        #expect(error?.description.contains("Frobnicate") == true)
    }
}
