import Tensors

/// Rounds a layer's weights such that the errors of a channel's weights cancel each other on the inputs that occur.
///
/// With e the error of one output channel's weights and H the second moments of its input rows, the output's error is eᵀHe.
/// Weights are rounded one after another, each to where it makes up best for the errors before it, then again one at a time
/// while the error falls. After Frantar et al., GPTQ: Accurate Post-Training Quantization for Generative Pre-trained
/// Transformers, 2023, which finds the same codes by updating the weights that are left: with H = R·Rᵀ, R upper triangular,
/// eᵀHe = |Rᵀe|², whose terms involve one more weight each.
struct CompensatedRounding {
    /// Added to the diagonal, as a part of its mean.
    private static let damping = 0.01
    private static let sweeps = 6
    /// Scales tried, as parts of the one that the weight has.
    private static let factors: [Float] = [1, 0.85, 0.9, 0.95, 1.05, 1.1]

    private let size: Int
    /// Damped, both triangles, in the order of ``WeightRows``.
    private let moments: [Double]
    private let heldOut: [Double]
    /// The order in which weights are rounded: those whose inputs vary most first.
    private let order: [Int]
    /// Row j: how much of the error of each weight before it the j-th weight of ``order`` makes up for.
    private let coupling: [Double]
    /// Up to four neighbours of each element, by ``PairBound``.
    private let neighbours: [[Int]]

    /// - Parameters:
    ///   - fit: second moments of input rows, row-major, in the weight's own memory order.
    ///   - heldOut: the same of other rows.
    /// - Returns: nil where the moments are of no use.
    init?(_ rows: WeightRows, fit: [Double], heldOut: [Double], threads: Int) {
        let n = rows.rowLength
        guard fit.count == n * n, heldOut.count == n * n else { return nil }
        let mean = (0..<n).reduce(0) { $0 + fit[$1 * n + $1] } / Double(max(n, 1))
        guard mean > 0, mean.isFinite else { return nil }
        var place = [Int](repeating: 0, count: n)
        for (memory, element) in rows.memoryOrder.enumerated() { place[element] = memory }
        var own = [Double](repeating: 0, count: n * n)
        var other = own
        for i in 0..<n {
            for j in 0..<n {
                own[i * n + j] = fit[place[i] * n + place[j]]
                other[i * n + j] = heldOut[place[i] * n + place[j]]
            }
            own[i * n + i] += mean * Self.damping
        }
        let order = (0..<n).sorted { (own[$0 * n + $0], $1) > (own[$1 * n + $1], $0) }
        guard let factor = CurvatureFactor(own, size: n, order: order, damping: 0, threads: threads) else { return nil }
        var neighbours = (0..<n).map { k in [k - 1, k + 1].filter { $0 >= 0 && $0 < n } }
        for (a, b) in zip(rows.memoryOrder, rows.memoryOrder.dropFirst()) where abs(a - b) != 1 {
            neighbours[a].append(b)
            neighbours[b].append(a)
        }
        (size, moments, self.heldOut, self.order) = (n, own, other, order)
        (coupling, self.neighbours) = (factor.coupling, neighbours)
    }

    /// Better codes, and scales where rows have their own; a row whose error on the held-out rows does not fall stays as it is.
    /// - Parameters:
    ///   - leastScales: scales must not be smaller.
    /// - Returns: the weight and how many rows changed.
    func refine(_ weight: QuantizedWeight, _ quantizer: WeightQuantizer, leastScales: [Double]) -> (
        weight: QuantizedWeight, changed: Int
    ) {
        let rows = weight.rows
        guard rows.rowLength == size else { return (weight, 0) }
        let isPerRow = weight.scales.count == rows.rowCount
        var (codes, scales) = (weight.codes, weight.scales)
        var changed = [Bool](repeating: false, count: rows.rowCount)
        codes.withUnsafeMutableBufferPointer { codes in
            scales.withUnsafeMutableBufferPointer { scales in
                changed.withUnsafeMutableBufferPointer { changed in
                    guard let codes = codes.baseAddress, let scales = scales.baseAddress,
                        let changed = changed.baseAddress
                    else { return }
                    let (c, s, flags) = (SharedPointer(codes), SharedPointer(scales), SharedPointer(changed))
                    parallelFor(rows.rowCount, threads: quantizer.threads) { range in
                        for row in range {
                            let scale = weight.scales[isPerRow ? row : 0]
                            let least = leastScales.indices.contains(row) ? Float(leastScales[row]) : 0
                            let tried = isPerRow ? Self.factors.map { $0 * scale }.filter { $0 >= least } : [scale]
                            let before = Array(weight.codes[row * size..<(row + 1) * size])
                            guard let found = best(rows, row, before, scale, tried, quantizer) else { continue }
                            for k in 0..<size { c.base[row * size + k] = Int8(truncatingIfNeeded: found.codes[k]) }
                            if isPerRow { s.base[row] = found.scale }
                            flags.base[row] = true
                        }
                    }
                }
            }
        }
        return (QuantizedWeight(rows: rows, codes: codes, scales: scales), changed.count { $0 })
    }

    private func best(
        _ rows: WeightRows,
        _ row: Int,
        _ before: [Int8],
        _ scale: Float,
        _ scales: [Float],
        _ quantizer: WeightQuantizer
    ) -> (codes: [Int32], scale: Float)? {
        let weights = rows.row(row).map(Double.init)
        func error(_ codes: [Int32], _ scale: Float) -> [Double] {
            zip(weights, codes).map { $0 - Double($1) * Double(scale) }
        }
        var best: (loss: Double, codes: [Int32], scale: Float)?
        for scale in scales where scale > 0 {
            var start = [Int32](repeating: 0, count: size)
            quantizer.round(rows, row, scale: scale, into: &start)
            let wanted = weights.map { $0 / Double(scale) }
            for initial in [start, inTurn(wanted, start, quantizer.holdsPairs)] {
                var codes = initial
                let loss = descend(wanted, &codes, quantizer.holdsPairs) * Double(scale) * Double(scale)
                if loss < best?.loss ?? .infinity { best = (loss, codes, scale) }
            }
        }
        guard let best else { return nil }
        let old = quadratic(heldOut, error(before.map(Int32.init), scale))
        return quadratic(heldOut, error(best.codes, best.scale)) < old ? (best.codes, best.scale) : nil
    }

    /// The largest magnitude that an element's code can have beside its neighbours.
    private func room(_ k: Int, _ codes: [Int32], _ holdsPairs: Bool) -> Int32 {
        guard holdsPairs else { return 127 }
        return neighbours[k].reduce(127) { min($0, PairBound.limit - abs(codes[$1])) }
    }

    /// Rounds one weight after another, each to where it makes up best for the errors before it.
    private func inTurn(_ wanted: [Double], _ start: [Int32], _ holdsPairs: Bool) -> [Int32] {
        var codes = start
        var errors = [Double](repeating: 0, count: size)
        coupling.withUnsafeBufferPointer { coupling in
            errors.withUnsafeMutableBufferPointer { errors in
                guard let table = coupling.baseAddress, let e = errors.baseAddress else { return }
                for (j, k) in order.enumerated() {
                    let target = wanted[k] + dot(table + j * size, e, j)
                    let limit = Double(room(k, codes, holdsPairs))
                    let code = max(-limit, min(limit, target.rounded(.toNearestOrEven)))
                    codes[k] = Int32(code)
                    e[j] = wanted[k] - code
                }
            }
        }
        return codes
    }

    /// Moves codes one at a time, or one up and the neighbours that are in its way down, while the error falls.
    /// - Returns: the error in steps of the scale, squared.
    private func descend(_ wanted: [Double], _ codes: inout [Int32], _ holdsPairs: Bool) -> Double {
        let n = size
        var errors = zip(wanted, codes).map { $0 - Double($1) }
        var gradient = [Double](repeating: 0, count: n)
        moments.withUnsafeBufferPointer { moments in
            errors.withUnsafeMutableBufferPointer { errors in
                gradient.withUnsafeMutableBufferPointer { gradient in
                    guard let h = moments.baseAddress, let e = errors.baseAddress, let g = gradient.baseAddress else {
                        return
                    }
                    for i in 0..<n { g[i] = dot(h + i * n, e, n) }
                    func move(_ k: Int, by step: Int32) {
                        codes[k] += step
                        e[k] -= Double(step)
                        let row = h + k * n
                        for i in 0..<n { g[i] -= Double(step) * row[i] }
                    }
                    for _ in 0..<Self.sweeps {
                        var isChanging = false
                        for k in order {
                            let limit = room(k, codes, holdsPairs)
                            let target = (Double(codes[k]) + g[k] / h[k * n + k]).rounded(.toNearestOrEven)
                            let code = Int32(max(-Double(limit), min(Double(limit), target)))
                            if code != codes[k] {
                                move(k, by: code - codes[k])
                                isChanging = true
                            }
                            guard holdsPairs, abs(target) > Double(limit), limit < 127 else { continue }
                            // Take room from the neighbours as long as that pays.
                            let step: Int32 = target > 0 ? 1 : -1
                            while abs(codes[k]) < 127, codes[k] == 0 || codes[k].signum() == step {
                                var moves = [(k, step)]
                                for other in neighbours[k] where abs(codes[other]) >= PairBound.limit - abs(codes[k]) {
                                    moves.append((other, -codes[other].signum()))
                                }
                                var change = 0.0
                                for (a, by) in moves {
                                    change -= 2 * Double(by) * g[a]
                                    for (b, also) in moves { change += Double(by * also) * h[a * n + b] }
                                }
                                guard change < 0 else { break }
                                for (a, by) in moves { move(a, by: by) }
                                isChanging = true
                            }
                        }
                        if !isChanging { break }
                    }
                }
            }
        }
        return zip(errors, gradient).reduce(0) { $0 + $1.0 * $1.1 }
    }

    /// eᵀAe.
    private func quadratic(_ matrix: [Double], _ e: [Double]) -> Double {
        var total = 0.0
        matrix.withUnsafeBufferPointer { matrix in
            e.withUnsafeBufferPointer { e in
                guard let a = matrix.baseAddress, let e = e.baseAddress else { return }
                for i in 0..<size { total += e[i] * dot(a + i * size, e, size) }
            }
        }
        return total
    }
}
