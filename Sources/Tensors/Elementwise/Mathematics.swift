#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The C library's functions on floats and doubles, by one name each.
@usableFromInline
package enum Mathematics {
    @inlinable @inline(__always) package static func exp(_ x: Float) -> Float { expf(x) }
    @inlinable @inline(__always) package static func expm1(_ x: Float) -> Float { expm1f(x) }
    @inlinable @inline(__always) package static func log(_ x: Float) -> Float { logf(x) }
    @inlinable @inline(__always) package static func log1p(_ x: Float) -> Float { log1pf(x) }
    @inlinable @inline(__always) package static func tanh(_ x: Float) -> Float { tanhf(x) }
    @inlinable @inline(__always) package static func erf(_ x: Float) -> Float { erff(x) }
    @inlinable @inline(__always) package static func sin(_ x: Float) -> Float { sinf(x) }
    @inlinable @inline(__always) package static func cos(_ x: Float) -> Float { cosf(x) }
    @inlinable @inline(__always) package static func tan(_ x: Float) -> Float { tanf(x) }
    @inlinable @inline(__always) package static func asin(_ x: Float) -> Float { asinf(x) }
    @inlinable @inline(__always) package static func acos(_ x: Float) -> Float { acosf(x) }
    @inlinable @inline(__always) package static func atan(_ x: Float) -> Float { atanf(x) }
    @inlinable @inline(__always) package static func sinh(_ x: Float) -> Float { sinhf(x) }
    @inlinable @inline(__always) package static func cosh(_ x: Float) -> Float { coshf(x) }
    @inlinable @inline(__always) package static func asinh(_ x: Float) -> Float { asinhf(x) }
    @inlinable @inline(__always) package static func acosh(_ x: Float) -> Float { acoshf(x) }
    @inlinable @inline(__always) package static func atanh(_ x: Float) -> Float { atanhf(x) }
    @inlinable @inline(__always) package static func pow(_ x: Float, _ y: Float) -> Float { powf(x, y) }
    @inlinable @inline(__always) package static func fmod(_ x: Float, _ y: Float) -> Float { fmodf(x, y) }

    #if canImport(Glibc)
        @inlinable @inline(__always) package static func exp(_ x: Double) -> Double { Glibc.exp(x) }
        @inlinable @inline(__always) package static func expm1(_ x: Double) -> Double { Glibc.expm1(x) }
        @inlinable @inline(__always) package static func log(_ x: Double) -> Double { Glibc.log(x) }
        @inlinable @inline(__always) package static func log1p(_ x: Double) -> Double { Glibc.log1p(x) }
        @inlinable @inline(__always) package static func tanh(_ x: Double) -> Double { Glibc.tanh(x) }
        @inlinable @inline(__always) package static func erf(_ x: Double) -> Double { Glibc.erf(x) }
        @inlinable @inline(__always) package static func sin(_ x: Double) -> Double { Glibc.sin(x) }
        @inlinable @inline(__always) package static func cos(_ x: Double) -> Double { Glibc.cos(x) }
        @inlinable @inline(__always) package static func tan(_ x: Double) -> Double { Glibc.tan(x) }
        @inlinable @inline(__always) package static func asin(_ x: Double) -> Double { Glibc.asin(x) }
        @inlinable @inline(__always) package static func acos(_ x: Double) -> Double { Glibc.acos(x) }
        @inlinable @inline(__always) package static func atan(_ x: Double) -> Double { Glibc.atan(x) }
        @inlinable @inline(__always) package static func sinh(_ x: Double) -> Double { Glibc.sinh(x) }
        @inlinable @inline(__always) package static func cosh(_ x: Double) -> Double { Glibc.cosh(x) }
        @inlinable @inline(__always) package static func asinh(_ x: Double) -> Double { Glibc.asinh(x) }
        @inlinable @inline(__always) package static func acosh(_ x: Double) -> Double { Glibc.acosh(x) }
        @inlinable @inline(__always) package static func atanh(_ x: Double) -> Double { Glibc.atanh(x) }
        @inlinable @inline(__always) package static func pow(_ x: Double, _ y: Double) -> Double { Glibc.pow(x, y) }
        @inlinable @inline(__always) package static func fmod(_ x: Double, _ y: Double) -> Double { Glibc.fmod(x, y) }
    #elseif canImport(Darwin)
        @inlinable @inline(__always) package static func exp(_ x: Double) -> Double { Darwin.exp(x) }
        @inlinable @inline(__always) package static func expm1(_ x: Double) -> Double { Darwin.expm1(x) }
        @inlinable @inline(__always) package static func log(_ x: Double) -> Double { Darwin.log(x) }
        @inlinable @inline(__always) package static func log1p(_ x: Double) -> Double { Darwin.log1p(x) }
        @inlinable @inline(__always) package static func tanh(_ x: Double) -> Double { Darwin.tanh(x) }
        @inlinable @inline(__always) package static func erf(_ x: Double) -> Double { Darwin.erf(x) }
        @inlinable @inline(__always) package static func sin(_ x: Double) -> Double { Darwin.sin(x) }
        @inlinable @inline(__always) package static func cos(_ x: Double) -> Double { Darwin.cos(x) }
        @inlinable @inline(__always) package static func tan(_ x: Double) -> Double { Darwin.tan(x) }
        @inlinable @inline(__always) package static func asin(_ x: Double) -> Double { Darwin.asin(x) }
        @inlinable @inline(__always) package static func acos(_ x: Double) -> Double { Darwin.acos(x) }
        @inlinable @inline(__always) package static func atan(_ x: Double) -> Double { Darwin.atan(x) }
        @inlinable @inline(__always) package static func sinh(_ x: Double) -> Double { Darwin.sinh(x) }
        @inlinable @inline(__always) package static func cosh(_ x: Double) -> Double { Darwin.cosh(x) }
        @inlinable @inline(__always) package static func asinh(_ x: Double) -> Double { Darwin.asinh(x) }
        @inlinable @inline(__always) package static func acosh(_ x: Double) -> Double { Darwin.acosh(x) }
        @inlinable @inline(__always) package static func atanh(_ x: Double) -> Double { Darwin.atanh(x) }
        @inlinable @inline(__always) package static func pow(_ x: Double, _ y: Double) -> Double { Darwin.pow(x, y) }
        @inlinable @inline(__always) package static func fmod(_ x: Double, _ y: Double) -> Double { Darwin.fmod(x, y) }
    #endif

    @inlinable @inline(__always) package static func sigmoid(_ x: Float) -> Float { 1 / (1 + exp(-x)) }
    @inlinable @inline(__always) package static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

    /// log(1 + eˣ), without overflow.
    @inlinable @inline(__always) package static func softplus(_ x: Float) -> Float { max(x, 0) + log1p(exp(-abs(x))) }
    @inlinable @inline(__always) package static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

    /// The larger number; NaN where one of them is NaN.
    @inlinable @inline(__always) package static func larger(_ a: Float, _ b: Float) -> Float {
        let larger = a > b ? a : b
        return a.isNaN ? a : larger
    }
    @inlinable @inline(__always) package static func larger(_ a: Double, _ b: Double) -> Double {
        let larger = a > b ? a : b
        return a.isNaN ? a : larger
    }

    /// The smaller number; NaN where one of them is NaN.
    @inlinable @inline(__always) package static func smaller(_ a: Float, _ b: Float) -> Float {
        let smaller = a < b ? a : b
        return a.isNaN ? a : smaller
    }
    @inlinable @inline(__always) package static func smaller(_ a: Double, _ b: Double) -> Double {
        let smaller = a < b ? a : b
        return a.isNaN ? a : smaller
    }
}
