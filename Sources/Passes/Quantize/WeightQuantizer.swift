import Tensors

/// Symmetric 8-bit codes for a layer's weight: real = scale · code, code in −127…127.
package struct QuantizedWeight: Sendable {
    package let rows: WeightRows
    /// Row after row.
    package let codes: [Int8]
    /// One for each row, or a single one.
    package let scales: [Float]

    /// The codes in the weight's own shape.
    package func tensor() throws(CNNOptError) -> TensorData { try rows.tensor(codes) }

    /// The numbers that the codes stand for, in the weight's own shape.
    package func dequantized() throws(CNNOptError) -> TensorData { try rows.tensor(codes, scales: scales) }
}

/// Finds scales and codes.
package struct WeightQuantizer: Sendable {
    /// Whether each row gets a scale of its own.
    package var isPerChannel = true
    /// Whether pairs are held to ``PairBound``.
    package var holdsPairs = false
    package var threads = 1

    /// Scales tried, as parts of the scale that just holds the row's largest weight. Above 1 they trade resolution for pairs
    /// that keep the bound without being moved.
    private static let shrinking = (0...40).map { 1 - Double($0) * 0.0125 }
    private static let growing = (1...30).map { 1 + Double($0) / 30 }

    package init() {}

    /// Chooses, for each row (or for all together), the scale whose rounded codes lose least: Σ importance · (code · scale − weight)².
    /// - Parameters:
    ///   - importance: of each element of a row: how strongly its input varies. One row for all, or one each.
    ///   - leastScales: scales must not be smaller (a bias in steps of the scale has to fit 32 bits).
    package func quantize(_ rows: WeightRows, importance: [[Float]], leastScales: [Double] = []) throws(CNNOptError)
        -> QuantizedWeight
    {
        let count = rows.rowCount
        var bases = (0..<count).map { row in Double(rows.row(row).reduce(0) { max($0, abs($1)) }) / 127 }
        if !isPerChannel { bases = [Double](repeating: bases.max() ?? 0, count: count) }
        let factors = Self.shrinking + (holdsPairs ? Self.growing : [])
        func scale(_ row: Int, _ factor: Double) -> Float {
            let least =
                isPerChannel ? (leastScales.indices.contains(row) ? leastScales[row] : 0) : leastScales.max() ?? 0
            return Float(max(bases[row] * factor, least, Double(Float.leastNormalMagnitude)))
        }
        let quantizer = self
        let scales = (0..<count).map { row in factors.map { scale(row, $0) } }
        let losses = try TensorData.make(Double.self, shape: [count, factors.count]) { (target) throws(CNNOptError) in
            guard let out = target.baseAddress else { return }
            let losses = SharedPointer(out)
            parallelFor(count, threads: threads) { range in
                var codes = [Int32](repeating: 0, count: rows.rowLength)
                for row in range {
                    let weights = importance[importance.count == 1 ? 0 : row]
                    for index in factors.indices {
                        quantizer.round(rows, row, scale: scales[row][index], into: &codes)
                        var loss = 0.0
                        for (k, value) in rows.row(row).enumerated() {
                            let error = Double(Float(codes[k]) * scales[row][index] - value)
                            loss += error * error * Double(weights[k])
                        }
                        losses.base[row * factors.count + index] = loss
                    }
                }
            }
        }.array(of: Double.self)

        var chosen = [Int](repeating: 0, count: count)
        if isPerChannel {
            for row in 0..<count {
                chosen[row] =
                    factors.indices.min { losses[row * factors.count + $0] < losses[row * factors.count + $1] } ?? 0
            }
        } else {
            let totals = factors.indices.map { index in
                (0..<count).reduce(0) { $0 + losses[$1 * factors.count + index] }
            }
            let best = factors.indices.min { totals[$0] < totals[$1] } ?? 0
            chosen = [Int](repeating: best, count: count)
        }
        var codes: [Int8] = []
        codes.reserveCapacity(rows.values.count)
        var buffer = [Int32](repeating: 0, count: rows.rowLength)
        for row in 0..<count {
            round(rows, row, scale: scales[row][chosen[row]], into: &buffer)
            codes += buffer.map { Int8(truncatingIfNeeded: $0) }
        }
        let result = (0..<count).map { scales[$0][chosen[$0]] }
        return QuantizedWeight(rows: rows, codes: codes, scales: isPerChannel ? result : Array(result.prefix(1)))
    }

    /// The nearest codes of one row, brought under the pair bound where that is asked for.
    func round(_ rows: WeightRows, _ row: Int, scale: Float, into codes: inout [Int32]) {
        let inverse = 1 / Double(scale)
        codes.withUnsafeMutableBufferPointer { codes in
            rows.values.withUnsafeBufferPointer { values in
                guard let out = codes.baseAddress, let from = values.baseAddress else { return }
                let base = row * rows.rowLength
                for k in 0..<rows.rowLength {
                    let clamped = max(-127, min(127, Double(from[base + k]) * inverse))
                    // Adding and taking away 1.5 · 2⁵² rounds to the nearest even integer.
                    out[k] = Int32((clamped + 6_755_399_441_055_744) - 6_755_399_441_055_744)
                }
                if holdsPairs { PairBound.hold(out, rows.memoryOrder) }
            }
        }
    }
}
