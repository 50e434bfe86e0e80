import CLapack
import Tensors

/// A = Σ σᵢ·uᵢ·vᵢᵀ in double precision, by LAPACK's divide and conquer (`dgesdd`).
///
/// LAPACK leaves the sign of each pair open: here the largest element of uᵢ (the first of equal ones) is positive.
struct SingularValueDecomposition: Sendable {
    let rows: Int
    let columns: Int
    /// Descending; as many as the smaller side has.
    let values: [Double]
    /// The vectors uᵢ that were asked for, one after another, each of `rows` elements.
    let left: [Double]
    /// The vectors vᵢ that were asked for, one after another, each of `columns` elements.
    let right: [Double]

    /// Doubles that one decomposition may take, working memory included: 2 GiB. All of LAPACK's 32-bit products of sizes stay
    /// in range below it.
    static let mostElements = 1 << 28

    /// - Parameters:
    ///   - matrix: row by row; its memory is used.
    ///   - kept: how many vectors are wanted of each side.
    /// - Returns: nil where the matrix is empty or larger than ``mostElements`` allow, holds a number that is not finite, or
    ///   where the iteration does not converge.
    init?(_ matrix: consuming [Double], rows: Int, columns: Int, keeping kept: Int) {
        guard let sizes = Sizes(rows: rows, columns: columns), matrix.count == rows * columns,
            matrix.allSatisfy(\.isFinite)
        else { return nil }
        _ = Self.threads
        // Row by row, A is what LAPACK, column by column, takes for Aᵀ: left and right change places.
        var elements = matrix
        let short = min(rows, columns)
        var singular = [Double](repeating: 0, count: short)
        var other = [Double](repeating: 0, count: short * short)
        guard Self.decompose(&elements, &singular, &other, sizes), singular.allSatisfy(\.isFinite) else { return nil }
        self.rows = rows
        self.columns = columns
        values = singular

        let count = max(0, min(kept, short))
        var (left, right): ([Double], [Double]) = ([], [])
        left.reserveCapacity(count * rows)
        right.reserveCapacity(count * columns)
        for k in 0..<count {
            // The longer side's vectors have replaced the matrix.
            let u =
                columns >= rows
                ? (0..<rows).map { other[k + $0 * rows] } : (0..<rows).map { elements[k + $0 * columns] }
            let v = columns >= rows ? elements[k * columns..<(k + 1) * columns] : other[k * columns..<(k + 1) * columns]
            let sign = Self.sign(u)
            left += u.lazy.map { $0 * sign }
            right += v.lazy.map { $0 * sign }
        }
        self.left = left
        self.right = right
    }

    /// Whether a matrix of these sizes can be decomposed.
    static func fits(rows: Int, columns: Int) -> Bool { Sizes(rows: rows, columns: columns) != nil }

    /// OpenBLAS would otherwise share sums out among threads of its own.
    private static let threads: Void = clapack_use_one_thread()

    private static func sign(_ vector: [Double]) -> Double {
        var largest = 0.0
        for element in vector where abs(element) > abs(largest) { largest = element }
        return largest < 0 ? -1 : 1
    }

    /// Sizes as LAPACK takes them, of the transposed matrix.
    private struct Sizes {
        let m: Int32
        let n: Int32
        /// Elements of working memory: at least what is needed, at most what is left.
        let leastWork: Int
        let mostWork: Int

        init?(rows: Int, columns: Int) {
            guard rows > 0, columns > 0, let count = checkedProduct([rows, columns]), count <= mostElements else {
                return nil
            }
            let (short, long) = (min(rows, columns), max(rows, columns))
            // 8 integers of 32 bits for each singular value are 4 doubles.
            let held = count + short * short + 5 * short
            leastWork = 3 * short + max(long, 5 * short * short + 4 * short)
            mostWork = mostElements - held
            guard leastWork <= mostWork, let m = Int32(exactly: columns), let n = Int32(exactly: rows) else {
                return nil
            }
            self.m = m
            self.n = n
        }
    }

    /// - Parameters:
    ///   - elements: the matrix; afterwards the vectors of its longer side.
    ///   - other: receives the vectors of the shorter side.
    private static func decompose(
        _ elements: inout [Double],
        _ values: inout [Double],
        _ other: inout [Double],
        _ sizes: Sizes
    ) -> Bool {
        var (m, n, info) = (sizes.m, sizes.n, Int32(0))
        var (elementStep, leftStep, rightStep) = (m, min(m, n), min(m, n))
        var integers = [Int32](repeating: 0, count: 8 * Int(leftStep))
        // U or Vᵀ, whichever is the square one; the other pointer is not read.
        func run(_ work: inout [Double], _ length: Int32) {
            var length = length
            other.withUnsafeMutableBufferPointer { square in
                dgesdd_(
                    "O",
                    &m,
                    &n,
                    &elements,
                    &elementStep,
                    &values,
                    square.baseAddress,
                    &leftStep,
                    square.baseAddress,
                    &rightStep,
                    &work,
                    &length,
                    &integers,
                    &info,
                    1
                )
            }
        }
        var answer = [0.0]
        run(&answer, -1)
        guard info == 0 else { return false }
        let wanted = answer[0].isFinite && answer[0] < Double(sizes.mostWork) ? Int(answer[0]) : sizes.mostWork
        let length = max(sizes.leastWork, wanted)
        guard let length = Int32(exactly: length) else { return false }
        var work = [Double](repeating: 0, count: Int(length))
        run(&work, length)
        return info == 0
    }
}
