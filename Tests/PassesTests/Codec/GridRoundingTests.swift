import EntropyCoding
import Tensors
import Testing

@testable import Passes

/// A random positive definite matrix.
private func moments(_ size: Int, seed: UInt64) -> [Double] {
    var generator = SeededGenerator(seed: seed)
    let rows = (0..<3 * size).map { _ -> [Double] in
        let shared = generator.uniform() - 0.5
        return (0..<size).map { _ in generator.uniform() - 0.5 + shared }
    }
    var result = [Double](repeating: 0, count: size * size)
    for row in rows {
        for i in 0..<size { for j in 0..<size { result[i * size + j] += row[i] * row[j] / Double(rows.count) } }
    }
    return result
}

private func quadratic(_ matrix: [Double], _ e: [Double]) -> Double {
    e.indices.reduce(0) { total, i in total + e[i] * e.indices.reduce(0) { $0 + matrix[i * e.count + $1] * e[$1] } }
}

private func numbers(_ count: Int, seed: UInt64) -> [Double] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in generator.uniform() + generator.uniform() - 1 }
}

@Suite struct CurvatureFactorTests {
    @Test(arguments: [1, 2, 7, 40])
    func theQuadraticFormFallsApart(_ size: Int) throws {
        let matrix = moments(size, seed: 4)
        let factor = try #require(CurvatureFactor(matrix, size: size, damping: 0, threads: 2))
        let e = numbers(size, seed: 9)
        let sum = (0..<size).reduce(0.0) { total, k in
            let made = (0..<k).reduce(0.0) { $0 + factor.coupling[k * size + $1] * e[$1] }
            return total + factor.pivots[k] * (e[k] + made) * (e[k] + made)
        }
        #expect(abs(sum - quadratic(matrix, e)) < 1e-9 * abs(sum))
    }

    @Test func momentsOfNoUseGiveNothing() {
        #expect(CurvatureFactor([0, 0, 0, 0], size: 2, damping: 0.01, threads: 1) == nil)
        #expect(CurvatureFactor([1, 0], size: 2, damping: 0.01, threads: 1) == nil)
        #expect(CurvatureFactor([.nan, 0, 0, 1], size: 2, damping: 0.01, threads: 1) == nil)
    }
}

@Suite struct GridRoundingTests {
    private let rows = 12
    private let length = 18

    private func rounding(_ lambda: Double, isRowMajor: Bool = true) throws -> (GridRounding, [Double]) {
        let matrix = moments(length, seed: 2)
        let factor = try #require(CurvatureFactor(matrix, size: length, damping: 0, threads: 1))
        let rounding = GridRounding(
            factors: [factor],
            sensitivities: (0..<rows).map { 1 + Double($0 % 3) },
            length: length,
            isRowMajor: isRowMajor,
            kernelLength: isRowMajor ? 9 : 1,
            lambda: lambda
        )
        return (rounding, matrix)
    }

    private func round(_ rounding: GridRounding, _ wanted: [Double], _ grid: WeightGrid) -> GridRounding.Result {
        rounding.round(wanted, to: grid, TokenModel())
    }

    private func errors(_ result: GridRounding.Result, _ wanted: [Double], _ grid: WeightGrid) -> [[Double]] {
        (0..<rows).map { row in
            (0..<length).map {
                wanted[row * length + $0] - Double(result.multiples[row * length + $0]) * grid.step(row, $0)
            }
        }
    }

    @Test(arguments: [true, false])
    func theDistortionIsThatOfTheErrors(_ isRowMajor: Bool) throws {
        let (rounding, matrix) = try rounding(1e-4, isRowMajor: isRowMajor)
        let wanted = numbers(rows * length, seed: 5)
        let grid = WeightGrid(
            steps: (0..<rows).map { $0 % 2 == 0 ? 0.125 : 0.25 },
            shifts: (0..<length).map { UInt8($0 % 3) }
        )
        let result = round(rounding, wanted, grid)
        let sum = zip(rounding.sensitivities, errors(result, wanted, grid)).reduce(0) {
            $0 + $1.0 * quadratic(matrix, $1.1)
        }
        #expect(abs(sum - result.distortion) < 1e-9 * sum)
    }

    private static let dependentGrid = WeightGrid(
        steps: (0..<12).map { $0 % 2 == 0 ? 0.062_5 : 0.125 },
        shifts: (0..<18).map { UInt8($0 % 2) },
        isDependent: true
    )

    @Test func dependentNumbersFollowTheTrellis() throws {
        let (rounding, matrix) = try rounding(1e-4)
        let wanted = numbers(rows * length, seed: 5)
        let result = round(rounding, wanted, Self.dependentGrid)
        for row in 0..<rows {
            var state = DependentTrellis.start
            for place in 0..<length {
                let index = DependentTrellis.index(Int64(result.multiples[row * length + place]), state)
                state = DependentTrellis.next(state, parity: Int(try #require(index) & 1))
            }
        }
        let sum = zip(rounding.sensitivities, errors(result, wanted, Self.dependentGrid)).reduce(0) {
            $0 + $1.0 * quadratic(matrix, $1.1)
        }
        #expect(abs(sum - result.distortion) < 1e-9 * sum)
    }

    /// The point of the trellis: at one λ, and each with its own step, less is paid in all.
    @Test(arguments: [1e-5, 1e-4, 1e-3]) func theTrellisPays(_ lambda: Double) throws {
        let matrix = moments(60, seed: 2)
        let factor = try #require(CurvatureFactor(matrix, size: 60, damping: 0, threads: 1))
        let wanted = numbers(80 * 60, seed: 12)
        func price(_ isDependent: Bool) -> Double {
            let rounding = GridRounding(
                factors: [factor],
                sensitivities: [Double](repeating: 1, count: 80),
                length: 60,
                isRowMajor: true,
                kernelLength: 1,
                lambda: lambda
            )
            let result = round(rounding, wanted, GridSteps.grid(rounding, isDependent: isDependent))
            return result.distortion + lambda * result.bits
        }
        // Half of a decibel and more of the full one that the code gives.
        #expect(price(true) < price(false) - 0.1 * lambda * Double(wanted.count))
    }

    /// Errors that make up for each other are smaller at the output than those of rounding to nearest.
    @Test func errorsCancel() throws {
        let (rounding, matrix) = try rounding(0)
        let wanted = numbers(rows * length, seed: 6)
        let grid = WeightGrid(
            steps: [Float](repeating: 0.25, count: rows),
            shifts: [UInt8](repeating: 0, count: length)
        )
        let result = round(rounding, wanted, grid)
        let nearest = (0..<rows).reduce(0.0) { total, row in
            let e = (0..<length).map { wanted[row * length + $0] - (wanted[row * length + $0] * 4).rounded() / 4 }
            return total + rounding.sensitivities[row] * quadratic(matrix, e)
        }
        #expect(result.distortion < 0.8 * nearest)
    }

    /// What a bit is worth decides between bits and errors.
    @Test func lambdaTradesBitsForErrors() throws {
        let wanted = numbers(rows * length, seed: 7)
        let grid = WeightGrid(
            steps: [Float](repeating: 0.0625, count: rows),
            shifts: [UInt8](repeating: 0, count: length)
        )
        let results = try [0, 1e-4, 1e-3, 1e-2, 100].map { lambda in round(try rounding(lambda).0, wanted, grid) }
        for (one, next) in zip(results, results.dropFirst()) {
            #expect(next.bits < one.bits)
            #expect(next.distortion > one.distortion)
        }
        #expect(results[4].multiples.allSatisfy { $0 == 0 })
    }

    @Test func hugeNumbersAreCut() throws {
        let (rounding, _) = try rounding(1e-6)
        var wanted = numbers(rows * length, seed: 8)
        wanted[3] = 1e30
        let grid = WeightGrid(
            steps: [Float](repeating: 1e-3, count: rows),
            shifts: [UInt8](repeating: 0, count: length)
        )
        #expect(round(rounding, wanted, grid).multiples.allSatisfy { abs($0) <= 1_000_000 })
    }

    /// Rows follow their sensitivity, places their pivots, all of them λ.
    @Test func stepsFollowWhatErrorsCost() throws {
        let (rounding, _) = try rounding(1e-4)
        let grid = GridSteps.grid(rounding)
        #expect(grid.steps[0] > grid.steps[2] && grid.steps[0] == grid.steps[3])
        #expect(grid.shifts.allSatisfy { $0 <= WeightGrid.largestShift })
        let finer = GridSteps.grid(try self.rounding(1e-4 / 16).0)
        #expect(finer.steps[0] == grid.steps[0] / 4 && finer.shifts == grid.shifts)
    }
}
