/// Steps of which there are four in an octave: 2^(n/4), the same bits on every machine.
package enum LogarithmicStep {
    /// 1, 2^¼, 2^½ and 2^¾.
    private static let mantissas: [Float] = [1, 1.189_207_1, 1.414_213_5, 1.681_792_9]
    private static let octaves = -120...120
    /// The numbers of all steps.
    package static let numbers = 4 * octaves.lowerBound...4 * octaves.upperBound + 3

    /// The step of number n; those beyond 120 octaves are cut.
    package static func step(_ number: Int) -> Float {
        let octave = min(max(number >> 2, octaves.lowerBound), octaves.upperBound)
        return Float(sign: .plus, exponent: octave, significand: mantissas[number & 3])
    }

    /// The number of a step; nil where it is none.
    package static func number(of step: Double) -> Int? {
        let float = Float(step)
        guard float.isNormal, float > 0, Double(float) == step, octaves.contains(Int(float.exponent)),
            let quarter = mantissas.firstIndex(of: float.significand)
        else { return nil }
        return 4 * Int(float.exponent) + quarter
    }

    /// The largest step of which all of some numbers are whole multiples, none larger than `largest`.
    /// - Parameter ascending: different positive finite numbers; at least one.
    static func step(of ascending: [Float], largest: Int) -> Float? {
        guard let first = ascending.first, let last = ascending.last, first.isNormal else { return nil }
        var number = (Int(first.exponent) + 1) * 4
        while true {
            let step = step(number)
            if Double(last) > Double(step) * Double(largest) || step < 0x1p-119 { return nil }
            if GridSearch.holds(Double(step), ascending, largest: largest) { return step }
            number -= 1
        }
    }
}
