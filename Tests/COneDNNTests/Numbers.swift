import Testing

/// Numbers that floats hold exactly, the same for the same seed, all in −1 … 1.
func numbers(_ count: Int, _ seed: UInt64) -> [Double] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
    return (0..<count).map { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Double(Float(Double(state >> 40) / Double(1 << 23) - 1))
    }
}

/// The gradient of Σ weights · f(x) by central differences.
func differences(at x: [Double], weights: [Double], _ f: ([Double]) -> [Double]) -> [Double] {
    let step = 1e-5
    func total(_ x: [Double]) -> Double { zip(f(x), weights).reduce(0) { $0 + $1.0 * $1.1 } }
    var x = x
    return x.indices.map { i in
        let value = x[i]
        x[i] = value + step
        let above = total(x)
        x[i] = value - step
        let below = total(x)
        x[i] = value
        return (above - below) / (2 * step)
    }
}

/// Checks numbers up to the rounding of floats, relative to the largest.
func expectClose(
    _ found: [Double],
    _ expected: [Double],
    _ what: Comment,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(found.count == expected.count, what, sourceLocation: sourceLocation)
    let size = expected.reduce(1e-3) { max($0, abs($1)) }
    let worst = zip(found, expected).reduce(0) { max($0, $1.0.isNaN ? .infinity : abs($1.0 - $1.1)) }
    #expect(worst <= 1e-5 * size, what, sourceLocation: sourceLocation)
}

/// Pairs of positions that a window connects: outputs of a convolution, which are few, and its inputs, with the tap between them.
struct WindowCase: Sendable, CustomTestStringConvertible {
    var input: [Int]
    var kernel: [Int]
    var strides: [Int]
    var dilations: [Int]
    var padBegin: [Int]
    var padEnd: [Int]

    init(
        _ input: [Int],
        kernel: [Int],
        strides: [Int]? = nil,
        dilations: [Int]? = nil,
        padBegin: [Int]? = nil,
        padEnd: [Int]? = nil
    ) {
        self.input = input
        self.kernel = kernel
        self.strides = strides ?? input.map { _ in 1 }
        self.dilations = dilations ?? input.map { _ in 1 }
        self.padBegin = padBegin ?? input.map { _ in 0 }
        self.padEnd = padEnd ?? padBegin ?? input.map { _ in 0 }
    }

    var output: [Int] {
        input.indices.map {
            (input[$0] + padBegin[$0] + padEnd[$0] - (kernel[$0] - 1) * dilations[$0] - 1) / strides[$0] + 1
        }
    }

    struct Connection {
        let output: Int
        let input: Int
        let tap: Int
    }

    /// All connections, those of one output side by side.
    var connections: [Connection] {
        var result: [Connection] = []
        for (o, place) in indices(output).enumerated() {
            for (tap, offset) in indices(kernel).enumerated() {
                let position = input.indices.map {
                    place[$0] * strides[$0] - padBegin[$0] + offset[$0] * dilations[$0]
                }
                guard input.indices.allSatisfy({ (0..<input[$0]).contains(position[$0]) }) else { continue }
                let flat = input.indices.reduce(0) { $0 * input[$1] + position[$1] }
                result.append(Connection(output: o, input: flat, tap: tap))
            }
        }
        return result
    }

    var testDescription: String {
        "\(input) kernel \(kernel) strides \(strides) dilations \(dilations) pads \(padBegin) \(padEnd)"
    }
}

/// All indices of a shape in row-major order.
func indices(_ shape: [Int]) -> [[Int]] {
    shape.reduce([[]]) { list, size in list.flatMap { index in (0..<size).map { index + [$0] } } }
}
