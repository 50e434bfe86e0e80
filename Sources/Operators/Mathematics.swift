#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The C library's functions on floats and doubles, by one name each.
enum Mathematics {
    @inline(__always) static func exp(_ x: Float) -> Float { expf(x) }
    @inline(__always) static func expm1(_ x: Float) -> Float { expm1f(x) }
    @inline(__always) static func log(_ x: Float) -> Float { logf(x) }
    @inline(__always) static func log1p(_ x: Float) -> Float { log1pf(x) }
    @inline(__always) static func tanh(_ x: Float) -> Float { tanhf(x) }
    @inline(__always) static func erf(_ x: Float) -> Float { erff(x) }
    @inline(__always) static func sin(_ x: Float) -> Float { sinf(x) }
    @inline(__always) static func cos(_ x: Float) -> Float { cosf(x) }
    @inline(__always) static func tan(_ x: Float) -> Float { tanf(x) }
    @inline(__always) static func asin(_ x: Float) -> Float { asinf(x) }
    @inline(__always) static func acos(_ x: Float) -> Float { acosf(x) }
    @inline(__always) static func atan(_ x: Float) -> Float { atanf(x) }
    @inline(__always) static func sinh(_ x: Float) -> Float { sinhf(x) }
    @inline(__always) static func cosh(_ x: Float) -> Float { coshf(x) }
    @inline(__always) static func asinh(_ x: Float) -> Float { asinhf(x) }
    @inline(__always) static func acosh(_ x: Float) -> Float { acoshf(x) }
    @inline(__always) static func atanh(_ x: Float) -> Float { atanhf(x) }
    @inline(__always) static func pow(_ x: Float, _ y: Float) -> Float { powf(x, y) }
    @inline(__always) static func fmod(_ x: Float, _ y: Float) -> Float { fmodf(x, y) }

    #if canImport(Glibc)
        @inline(__always) static func exp(_ x: Double) -> Double { Glibc.exp(x) }
        @inline(__always) static func expm1(_ x: Double) -> Double { Glibc.expm1(x) }
        @inline(__always) static func log(_ x: Double) -> Double { Glibc.log(x) }
        @inline(__always) static func log1p(_ x: Double) -> Double { Glibc.log1p(x) }
        @inline(__always) static func tanh(_ x: Double) -> Double { Glibc.tanh(x) }
        @inline(__always) static func erf(_ x: Double) -> Double { Glibc.erf(x) }
        @inline(__always) static func sin(_ x: Double) -> Double { Glibc.sin(x) }
        @inline(__always) static func cos(_ x: Double) -> Double { Glibc.cos(x) }
        @inline(__always) static func tan(_ x: Double) -> Double { Glibc.tan(x) }
        @inline(__always) static func asin(_ x: Double) -> Double { Glibc.asin(x) }
        @inline(__always) static func acos(_ x: Double) -> Double { Glibc.acos(x) }
        @inline(__always) static func atan(_ x: Double) -> Double { Glibc.atan(x) }
        @inline(__always) static func sinh(_ x: Double) -> Double { Glibc.sinh(x) }
        @inline(__always) static func cosh(_ x: Double) -> Double { Glibc.cosh(x) }
        @inline(__always) static func asinh(_ x: Double) -> Double { Glibc.asinh(x) }
        @inline(__always) static func acosh(_ x: Double) -> Double { Glibc.acosh(x) }
        @inline(__always) static func atanh(_ x: Double) -> Double { Glibc.atanh(x) }
        @inline(__always) static func pow(_ x: Double, _ y: Double) -> Double { Glibc.pow(x, y) }
        @inline(__always) static func fmod(_ x: Double, _ y: Double) -> Double { Glibc.fmod(x, y) }
    #elseif canImport(Darwin)
        @inline(__always) static func exp(_ x: Double) -> Double { Darwin.exp(x) }
        @inline(__always) static func expm1(_ x: Double) -> Double { Darwin.expm1(x) }
        @inline(__always) static func log(_ x: Double) -> Double { Darwin.log(x) }
        @inline(__always) static func log1p(_ x: Double) -> Double { Darwin.log1p(x) }
        @inline(__always) static func tanh(_ x: Double) -> Double { Darwin.tanh(x) }
        @inline(__always) static func erf(_ x: Double) -> Double { Darwin.erf(x) }
        @inline(__always) static func sin(_ x: Double) -> Double { Darwin.sin(x) }
        @inline(__always) static func cos(_ x: Double) -> Double { Darwin.cos(x) }
        @inline(__always) static func tan(_ x: Double) -> Double { Darwin.tan(x) }
        @inline(__always) static func asin(_ x: Double) -> Double { Darwin.asin(x) }
        @inline(__always) static func acos(_ x: Double) -> Double { Darwin.acos(x) }
        @inline(__always) static func atan(_ x: Double) -> Double { Darwin.atan(x) }
        @inline(__always) static func sinh(_ x: Double) -> Double { Darwin.sinh(x) }
        @inline(__always) static func cosh(_ x: Double) -> Double { Darwin.cosh(x) }
        @inline(__always) static func asinh(_ x: Double) -> Double { Darwin.asinh(x) }
        @inline(__always) static func acosh(_ x: Double) -> Double { Darwin.acosh(x) }
        @inline(__always) static func atanh(_ x: Double) -> Double { Darwin.atanh(x) }
        @inline(__always) static func pow(_ x: Double, _ y: Double) -> Double { Darwin.pow(x, y) }
        @inline(__always) static func fmod(_ x: Double, _ y: Double) -> Double { Darwin.fmod(x, y) }
    #endif

    @inline(__always) static func sigmoid(_ x: Float) -> Float { 1 / (1 + exp(-x)) }
    @inline(__always) static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

    /// log(1 + eˣ), without overflow.
    @inline(__always) static func softplus(_ x: Float) -> Float { max(x, 0) + log1p(exp(-abs(x))) }
    @inline(__always) static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

    /// The larger number; NaN where one of them is NaN.
    @inline(__always) static func larger<T: FloatingPoint>(_ a: T, _ b: T) -> T { a > b || a != a ? a : b }
    /// The smaller number; NaN where one of them is NaN.
    @inline(__always) static func smaller<T: FloatingPoint>(_ a: T, _ b: T) -> T { a < b || a != a ? a : b }
}
