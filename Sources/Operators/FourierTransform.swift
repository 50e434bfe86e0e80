import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The discrete Fourier transform as its definition reads.
struct FourierTransform: Sendable {
    /// Samples of a signal and of its whole spectrum.
    let length: Int
    private let cosines: [Double]
    private let sines: [Double]

    /// The longest signal that is taken: the loops grow with its square.
    static let longest = 1 << 16

    /// - Throws: `invalidModel` for no samples, `unsupported` for too many.
    init(length: Int) throws(CNNOptError) {
        guard length >= 1 else { throw CNNOptError(.invalidModel, "a transform of \(length) samples") }
        guard length <= Self.longest else { throw CNNOptError(.unsupported, "a transform of \(length) samples") }
        self.length = length
        cosines = (0..<length).map { cos(2 * .pi * Double($0) / Double(length)) }
        sines = (0..<length).map { sin(2 * .pi * Double($0) / Double(length)) }
    }

    /// The first `count` numbers of the transform, real and imaginary parts in turn.
    /// - Parameter signal: complex numbers; missing ones count as zero, further ones are not read.
    func run(_ signal: [(real: Double, imaginary: Double)], inverse: Bool, count: Int) -> [Double] {
        var result: [Double] = []
        result.reserveCapacity(2 * count)
        for k in 0..<count {
            var (real, imaginary, turn) = (0.0, 0.0, 0)
            for n in 0..<min(length, signal.count) {
                let (c, s) = (cosines[turn], inverse ? sines[turn] : -sines[turn])
                real += signal[n].real * c - signal[n].imaginary * s
                imaginary += signal[n].real * s + signal[n].imaginary * c
                turn += k
                if turn >= length { turn -= length }
            }
            let scale = inverse ? 1 / Double(length) : 1
            result += [real * scale, imaginary * scale]
        }
        return result
    }

    /// The whole spectrum of a real signal from its first half.
    func mirrored(_ half: [(real: Double, imaginary: Double)]) -> [(real: Double, imaginary: Double)] {
        (0..<length).map { k in
            let own = min(k, length - k)
            guard own < half.count else { return (0, 0) }
            // The ends of the half belong to themselves: they are real.
            if k == 0 || 2 * k == length { return (half[own].real, 0) }
            return (half[own].real, k <= length / 2 ? half[own].imaginary : -half[own].imaginary)
        }
    }
}
