import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct MatrixTests {
    private func product(_ a: [Double], _ b: [Double], _ rows: Int, _ depth: Int, _ columns: Int) -> [Double] {
        var result = [Double](repeating: 0, count: rows * columns)
        for i in 0..<rows {
            for k in 0..<depth {
                for j in 0..<columns { result[i * columns + j] += a[i * depth + k] * b[k * columns + j] }
            }
        }
        return result
    }

    private func transposed(_ a: [Double], _ rows: Int, _ columns: Int) -> [Double] {
        (0..<rows * columns).map { a[$0 % rows * columns + $0 / rows] }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 9, 17], [1, 8, 15, 16, 33, 100])
    func gemmMatchesItsDefinition(_ rows: Int, _ columns: Int) throws {
        var random = SeededGenerator(seed: UInt64(rows * 1000 + columns))
        let depth = 1 + random.index(below: 40)
        for transA in [false, true] {
            for transB in [false, true] {
                let a = try randomTensor(transA ? [depth, rows] : [rows, depth], &random)
                let b = try randomTensor(transB ? [columns, depth] : [depth, columns], &random)
                for shape in [nil, [], [columns], [rows, 1], [rows, columns]] as [[Int]?] {
                    let c = try shape.map { try randomTensor($0, &random) }
                    let attributes = [
                        Attribute("transA", transA ? 1 : 0), Attribute("transB", transB ? 1 : 0),
                        Attribute("alpha", Float(0.5)), Attribute("beta", Float(2)),
                    ]
                    let y = try runOperator("Gemm", inputs: [a, b, c], attributes: attributes)[0]
                    let left = try transA ? transposed(a.doubles(), depth, rows) : a.doubles()
                    let right = try transB ? transposed(b.doubles(), columns, depth) : b.doubles()
                    var wanted = product(left, right, rows, depth, columns).map { $0 / 2 }
                    if let c {
                        let values = try c.doubles()
                        let rowStep: Int = c.shape.count == 2 ? c.shape[1] : 0
                        let columnStep: Int = c.shape.last ?? 1
                        for i in wanted.indices {
                            wanted[i] += 2 * values[i / columns * rowStep + (columnStep == 1 ? 0 : i % columns)]
                        }
                    }
                    #expect(y.shape == [rows, columns])
                    #expect(try largestDifference(y, TensorData(wanted, shape: [rows, columns])) < 1e-5)
                }
            }
        }
    }

    @Test(arguments: [
        ([2, 3], [3, 4], [2, 4]), ([3], [3, 4], [4]), ([2, 3], [3], [2]), ([3], [3], []),
        ([5, 2, 3], [3, 4], [5, 2, 4]),
        ([5, 1, 2, 3], [4, 3, 2], [5, 4, 2, 2]), ([2, 3], [6, 3, 4], [6, 2, 4]), ([0, 3], [3, 4], [0, 4]),
        ([2, 0], [0, 3], [2, 3]),
    ]) func matricesBroadcast(_ a: [Int], _ b: [Int], _ wanted: [Int]) throws {
        var random = SeededGenerator(seed: 3)
        let (x, w) = (try randomTensor(a, &random), try randomTensor(b, &random))
        let y = try runOperator("MatMul", inputs: [x, w])[0]
        #expect(y.shape == wanted)
        // The same in double precision, which takes the plain loops.
        let exact = try runOperator(
            "MatMul",
            inputs: [TensorData(x.doubles(), shape: a), TensorData(w.doubles(), shape: b)]
        )[0]
        #expect(try largestDifference(y, exact) < 1e-6)
        let (left, right) = (a.count == 1 ? [1] + a : a, b.count == 1 ? b + [1] : b)
        let (rows, depth, columns) = (left[left.count - 2], left[left.count - 1], right[right.count - 1])
        guard !wanted.contains(0), left.count == 2, right.count == 2 else { return }
        let direct = try product(x.doubles(), w.doubles(), rows, depth, columns)
        #expect(try largestDifference(exact, TensorData(direct, shape: wanted)) < 1e-12)
    }

    @Test func resultsDependNeitherOnThreadsNorOnTheOtherRows() throws {
        var random = SeededGenerator(seed: 9)
        let (x, w) = (try randomTensor([70, 300], &random), try randomTensor([300, 210], &random))
        let one = try runOperator("MatMul", inputs: [x, w], threads: 1)[0]
        #expect(try runOperator("MatMul", inputs: [x, w], threads: 3)[0].isIdentical(to: one))
        let row = try TensorData(Array(x.array(of: Float.self)[300 * 37..<300 * 38]), shape: [1, 300])
        let alone = try runOperator("MatMul", inputs: [row, w])[0].array(of: Float.self)
        #expect(alone == Array(try one.array(of: Float.self)[210 * 37..<210 * 38]))
    }

    @Test func integersMultiplyExactly() throws {
        let a = try TensorData([1, 2, 3, 4] as [Int32], shape: [2, 2])
        let b = try TensorData([5, 6, 7, 8] as [Int32], shape: [2, 2])
        #expect(try runOperator("MatMul", inputs: [a, b])[0].array(of: Int32.self) == [19, 22, 43, 50])
        let c = try TensorData([1, 1] as [Int32])
        #expect(try runOperator("Gemm", inputs: [a, b, c])[0].array(of: Int32.self) == [20, 23, 44, 51])
    }

    @Test(arguments: [([2, 3], [4, 2]), ([], [2]), ([2, 2, 3], [3, 3, 2])])
    func operandsThatDoNotFitAreRefused(_ a: [Int], _ b: [Int]) throws {
        let error = #expect(throws: CNNOptError.self) {
            try runOperator(
                "MatMul",
                inputs: [TensorData(zeros: .float32, shape: a), TensorData(zeros: .float32, shape: b)]
            )
        }
        #expect(error?.exitStatus == 65)
    }

    @Test func channelsFollowTheTransposedWeight() throws {
        let gemm = try site("Gemm", [[4, 3], [5, 3], [5]], [Attribute("transB", 1)])
        let links = try definition(gemm).coupling(gemm).links
        #expect(links.contains(.init(.init(.input(1), 1), .init(.input(0), 1), count: 3)))
        #expect(links.contains(.init(.init(.input(1), 0), .init(.output(0), 1), count: 5)))
        #expect(links.contains(.init(.init(.input(2), 0), .init(.output(0), 1), count: 5)))
        let form = try definition(gemm).linearForm(gemm)
        #expect(form?.weightOutputAxis == 0 && form?.weightInputAxis == 1)
        #expect(try definition(gemm).cost(gemm)?.macs == 60)
        let matmul = try site("MatMul", [[7, 4, 3], [3, 5]])
        #expect(
            try definition(matmul).coupling(matmul).links.contains(
                .init(.init(.input(1), 0), .init(.input(0), 2), count: 3)
            )
        )
        #expect(try definition(matmul).linearForm(matmul)?.dataChannelAxis == 2)
    }
}
