import Testing

@testable import Passes

@Suite struct SingularValueDecompositionTests {
    private static func values(_ count: Int) -> [Double] { (0..<count).map { 10 / Double($0 + 1) } }

    /// Both ways round, and so long on one side that LAPACK takes its other paths.
    @Test(arguments: [(1, 1), (1, 5), (5, 1), (3, 7), (7, 3), (40, 40), (20, 400), (400, 20), (30, 45), (45, 30)])
    func findsTheValuesThatAMatrixWasMadeFrom(_ rows: Int, _ columns: Int) throws {
        let wanted = Self.values(min(rows, columns))
        let matrix = ReflectedMatrix.make(wanted, rows: rows, columns: columns)
        let found = try #require(
            SingularValueDecomposition(matrix, rows: rows, columns: columns, keeping: wanted.count)
        )
        #expect(zip(found.values, wanted).allSatisfy { abs($0 - $1) < 1e-12 })
        #expect(found.left.count == wanted.count * rows && found.right.count == wanted.count * columns)
        for (vectors, length) in [(found.left, rows), (found.right, columns)] {
            for a in wanted.indices {
                for b in wanted.indices {
                    let product = (0..<length).reduce(0) { $0 + vectors[a * length + $1] * vectors[b * length + $1] }
                    #expect(abs(product - (a == b ? 1 : 0)) < 1e-12)
                }
            }
        }
        for i in 0..<rows {
            for j in 0..<columns {
                let sum = wanted.indices.reduce(0) {
                    $0 + found.left[$1 * rows + i] * found.values[$1] * found.right[$1 * columns + j]
                }
                #expect(abs(sum - matrix[i * columns + j]) < 1e-12)
            }
        }
        for k in wanted.indices {
            let largest = found.left[k * rows..<(k + 1) * rows].max { abs($0) < abs($1) }
            #expect(largest ?? 0 > 0)
        }
    }

    /// Worked by hand: AᵀA = [25 20; 20 25] has the eigenvalues 45 and 5.
    @Test func ofAMatrixWorkedByHand() throws {
        let found = try #require(SingularValueDecomposition([3, 0, 4, 5], rows: 2, columns: 2, keeping: 1))
        #expect(
            abs(found.values[0] * found.values[0] - 45) < 1e-13 && abs(found.values[1] * found.values[1] - 5) < 1e-13
        )
        let expected = [0.1, 0.9].map { $0.squareRoot() }
        #expect(zip(found.left, expected).allSatisfy { abs($0 - $1) < 1e-14 })
        #expect(found.right.allSatisfy { abs($0 * $0 - 0.5) < 1e-14 && $0 > 0 } && found.right.count == 2)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func numbersThatAreNotFiniteHaveNone(_ number: Double) {
        #expect(SingularValueDecomposition([1, 2, number, 4], rows: 2, columns: 2, keeping: 2) == nil)
    }

    @Test func extremeNumbersHaveOne() throws {
        for scale in [1e-300, 1e300] {
            let found = try #require(SingularValueDecomposition([scale, 0, 0, 0], rows: 2, columns: 2, keeping: 2))
            #expect(abs(found.values[0] / scale - 1) < 1e-14 && found.values[1] == 0)
        }
    }

    @Test(arguments: [
        (0, 4), (4, 0), (-1, -4), (1 << 31, 1), (1, 1 << 31), (1 << 40, 1 << 40), (1 << 14, 1 << 14), (.max, .max),
    ])
    func sizesThatLapackCannotTakeAreRefused(_ rows: Int, _ columns: Int) {
        #expect(!SingularValueDecomposition.fits(rows: rows, columns: columns))
        #expect(SingularValueDecomposition([], rows: rows, columns: columns, keeping: 1) == nil)
    }

    @Test func aLargeClassifierFits() {
        #expect(SingularValueDecomposition.fits(rows: 4_096, columns: 25_088))
    }
}
