/// A floating-point format of at most 8 bits with a sign, an exponent and a mantissa.
///
/// Formats: Micikevicius et al., FP8 Formats for Deep Learning, 2022; OCP Microscaling Formats 1.0, 2023.
package struct SmallFloat: Sendable {
    /// What the codes beyond the finite numbers stand for.
    private enum Specials: Sendable {
        /// The highest exponent holds infinities and NaNs, as in IEEE 754.
        case infinities
        /// All ones is NaN, and there is no infinity.
        case onesAreNaN
        /// The code of negative zero is NaN, and there is no infinity.
        case negativeZeroIsNaN
        /// Every code is a finite number.
        case none
    }

    private let exponentBits: Int
    private let mantissaBits: Int
    private let bias: Int
    private let specials: Specials

    /// nil for types that are no such format.
    package init?(_ type: ElementType) {
        switch type {
        case .float8E4M3FN: (exponentBits, mantissaBits, bias, specials) = (4, 3, 7, .onesAreNaN)
        case .float8E4M3FNUZ: (exponentBits, mantissaBits, bias, specials) = (4, 3, 8, .negativeZeroIsNaN)
        case .float8E5M2: (exponentBits, mantissaBits, bias, specials) = (5, 2, 15, .infinities)
        case .float8E5M2FNUZ: (exponentBits, mantissaBits, bias, specials) = (5, 2, 16, .negativeZeroIsNaN)
        case .float4E2M1: (exponentBits, mantissaBits, bias, specials) = (2, 1, 1, .none)
        case .float6E2M3: (exponentBits, mantissaBits, bias, specials) = (2, 3, 1, .none)
        case .float6E3M2: (exponentBits, mantissaBits, bias, specials) = (3, 2, 3, .none)
        default: return nil
        }
    }

    private var signBit: UInt8 { 1 << UInt8(exponentBits + mantissaBits) }

    /// The code of the largest finite number.
    private var largestCode: UInt8 {
        switch specials {
        case .infinities: (signBit - 1) - (1 << UInt8(mantissaBits))
        case .onesAreNaN: signBit - 2
        case .negativeZeroIsNaN, .none: signBit - 1
        }
    }

    /// The number that a code stands for. Bits above the format's are not looked at.
    package func decode(_ code: UInt8) -> Float {
        let magnitude = code & (signBit - 1)
        let isNegative = code & signBit != 0
        if specials == .negativeZeroIsNaN, isNegative, magnitude == 0 { return .nan }
        if magnitude > largestCode {
            let isInfinity = specials == .infinities && magnitude == largestCode + 1
            return isInfinity ? (isNegative ? -.infinity : .infinity) : .nan
        }
        let field = Int(magnitude >> UInt8(mantissaBits))
        let mantissa = Int(magnitude) & (1 << mantissaBits - 1)
        // Subnormal numbers share the exponent of the smallest normal ones.
        let units = field == 0 ? mantissa : mantissa + 1 << mantissaBits
        let value = Float(sign: .plus, exponent: max(field, 1) - bias - mantissaBits, significand: Float(units))
        return isNegative ? -value : value
    }

    /// The code of the nearest number, ties to even.
    /// - Parameter saturates: whether what lies beyond the largest finite number becomes that; otherwise it becomes infinity or,
    ///   where there is none, NaN. Formats without either always saturate.
    package func encode(_ value: Double, saturates: Bool) -> UInt8 {
        let sign = value.sign == .minus ? signBit : 0
        if value.isNaN {
            return switch specials {
            case .infinities, .onesAreNaN: sign | (signBit - 1)
            case .negativeZeroIsNaN, .none: signBit
            }
        }
        if value == 0 { return specials == .negativeZeroIsNaN ? 0 : sign }
        guard let magnitude = finiteCode(value.magnitude) else {
            if saturates || specials == .none { return sign | largestCode }
            return switch specials {
            case .infinities: sign | (largestCode + 1)
            case .negativeZeroIsNaN: signBit
            case .onesAreNaN, .none: sign | (signBit - 1)
            }
        }
        return magnitude == 0 && specials == .negativeZeroIsNaN ? 0 : sign | magnitude
    }

    /// nil where the rounded number is larger than the largest finite one.
    private func finiteCode(_ magnitude: Double) -> UInt8? {
        let lowest = 1 - bias
        guard magnitude.isFinite, magnitude.exponent < 1 << exponentBits else { return nil }
        let exponent = max(Int(magnitude.exponent), lowest)
        let quantum = Double(sign: .plus, exponent: exponent - mantissaBits, significand: 1)
        let code = (exponent - lowest) << mantissaBits + Int((magnitude / quantum).rounded(.toNearestOrEven))
        return code <= Int(largestCode) ? UInt8(code) : nil
    }
}

/// Powers of two in 8 bits: code c stands for 2^(c − 127), 255 for NaN.
package enum PowerOfTwo {
    /// Which of two neighbouring powers is taken.
    package enum Rounding: String, Sendable {
        case up, down, nearest
    }

    package static func decode(_ code: UInt8) -> Float {
        code == 255 ? .nan : Float(sign: .plus, exponent: Int(code) - 127, significand: 1)
    }

    /// The code of the magnitude; ties go up. What lies outside the range becomes its nearest end, or NaN where it does not
    /// saturate; so does zero.
    package static func encode(_ value: Double, saturates: Bool, _ rounding: Rounding) -> UInt8 {
        let magnitude = value.magnitude
        if magnitude.isNaN { return 255 }
        guard magnitude.isFinite else { return saturates ? 254 : 255 }
        guard magnitude > 0 else { return saturates ? 0 : 255 }
        let isUp =
            switch rounding {
            case .up: magnitude.significand > 1
            case .down: false
            case .nearest: magnitude.significand >= 1.5
            }
        let code = Int(magnitude.exponent) + (isUp ? 1 : 0) + 127
        if (0...254).contains(code) { return UInt8(code) }
        return saturates ? (code < 0 ? 0 : 254) : 255
    }
}
