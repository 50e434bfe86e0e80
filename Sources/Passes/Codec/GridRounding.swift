import EntropyCoding
import Tensors

/// A grid on which a weight lies: the number at row r and place k is multiple · 2^shift_k · step_r.
struct WeightGrid: Sendable {
    /// One for each row.
    var steps: [Float]
    /// One for each place of a row, 0 to ``largestShift``.
    var shifts: [UInt8]
    /// Whether a trellis says which multiples a number may be.
    var isDependent = false

    static let largestShift = 7

    /// The step of one number.
    @inline(__always)
    func step(_ row: Int, _ place: Int) -> Double { Double(steps[row]) * Double(1 << Int(shifts[place])) }
}

/// Rounds a layer's weight to a grid by what it costs and what it spoils: each number becomes the multiple with the least D + λR, one after
/// another in memory order.
///
/// R is what the adaptive coder would spend on it after all numbers before it. D is the growth of the output's error when the
/// numbers that follow make up for it as well as they can, as in ``CurvatureFactor``. Sources: Sullivan and Wiegand, Rate-Distortion Optimization
/// for Video Compression, 1998, for D + λR; Frantar et al., GPTQ, 2023, for the order and the errors that are made up for.
struct GridRounding {
    /// One for each group of rows, or a single one.
    let factors: [CurvatureFactor]
    /// What a squared error of each row's output costs.
    let sensitivities: [Double]
    let length: Int
    /// Whether a row's numbers follow each other in memory; else the rows' numbers of one place do.
    let isRowMajor: Bool
    /// Numbers of one kernel in memory.
    let kernelLength: Int
    /// What a bit is worth.
    let lambda: Double

    struct Result {
        /// Row after row, shifts not included.
        var multiples: [Int32]
        var bits: Double
        /// Σ over rows of sensitivity · eᵀHe.
        var distortion: Double
    }

    /// The largest multiple.
    static let largest = 1_000_000.0

    var rows: Int { sensitivities.count }

    func factor(_ row: Int) -> CurvatureFactor { factors[factors.count == 1 ? 0 : row * factors.count / rows] }

    /// - Parameters:
    ///   - wanted: row after row.
    ///   - model: of all layers, one after another.
    func round(_ wanted: [Double], to grid: WeightGrid, _ model: TokenModel) -> Result {
        if grid.isDependent { return roundDependently(wanted, to: grid, model) }
        let rate = RateEstimate(model, layout(wanted, grid))
        var multiples = [Int32](repeating: 0, count: wanted.count)
        var errors = [Double](repeating: 0, count: wanted.count)
        var distortion = 0.0
        errors.withUnsafeMutableBufferPointer { errors in
            multiples.withUnsafeMutableBufferPointer { multiples in
                wanted.withUnsafeBufferPointer { wanted in
                    guard let e = errors.baseAddress, let q = multiples.baseAddress, let w = wanted.baseAddress else {
                        return
                    }
                    func next(_ row: Int, _ place: Int, _ pivot: Double, _ coupling: UnsafePointer<Double>?) {
                        let at = row * length + place
                        let step = grid.step(row, place)
                        let made = coupling.map { dot($0 + place * length, e + row * length, place) } ?? 0
                        let target = (w[at] + made) / step
                        let cost = sensitivities[row] * pivot * step * step
                        let multiple = choose(target, cost, rate)
                        rate.append(multiple)
                        q[at] = Int32(multiple)
                        e[at] = w[at] - Double(multiple) * step
                        let rest = target - Double(multiple)
                        distortion += cost * rest * rest
                    }
                    // Rows of all groups follow each other in memory, or there is one group.
                    let blocks = isRowMajor ? (0..<rows).map { $0..<$0 + 1 } : [0..<rows]
                    for block in blocks {
                        let factor = factor(block.lowerBound)
                        factor.coupling.withUnsafeBufferPointer { table in
                            let coupling = table.isEmpty ? nil : table.baseAddress
                            for place in 0..<length {
                                for row in block { next(row, place, factor.pivots[place], coupling) }
                            }
                        }
                    }
                }
            }
        }
        return Result(multiples: multiples, bits: rate.bits, distortion: distortion)
    }

    /// The best of the nearest multiple, the next one towards zero, and zero.
    /// - Parameter cost: what an error of one step costs.
    @inline(__always)
    private func choose(_ target: Double, _ cost: Double, _ rate: RateEstimate) -> Int {
        let magnitude = min(abs(target), Self.largest)
        let nearest = Int(magnitude + 0.5)
        guard nearest > 0 else { return 0 }
        rate.prepare()
        func price(_ multiple: Int) -> Double {
            let error = magnitude - Double(multiple)
            return cost * error * error + lambda * rate.cost(of: multiple)
        }
        var best = nearest
        var least = price(nearest)
        func consider(_ other: Int) {
            let own = price(other)
            if own < least { (best, least) = (other, own) }
        }
        consider(nearest - 1)
        if best > 0 { consider(0) }
        return target < 0 ? -best : best
    }

    /// What the coder will be told of the tensor, from the nearest multiples.
    func layout(_ wanted: [Double], _ grid: WeightGrid) -> TokenLayout {
        var lengths = [Int](repeating: 0, count: Int.bitWidth + 1)
        for row in 0..<rows {
            for place in 0..<length {
                var multiple = min(abs(wanted[row * length + place]) / grid.step(row, place), Self.largest)
                if grid.isDependent { multiple = (multiple + 0.5) / 2 }
                let nearest = Int(multiple + 0.4)
                lengths[Int.bitWidth - nearest.leadingZeroBitCount] += 1
            }
        }
        return TokenLayout(
            typicalLength: TokenLayout.typicalLength(lengths),
            rowLength: isRowMajor ? length : rows,
            kernelLength: kernelLength,
            isDependent: grid.isDependent
        )
    }
}
