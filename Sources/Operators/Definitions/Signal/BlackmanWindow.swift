import GraphIR
import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A raised cosine with a second harmonic.
enum BlackmanWindow: WindowOperator {
    static let schema = OperatorSchema("BlackmanWindow", versions: [17], inputs: 1...1)

    static func value(_ place: Double) -> Double {
        0.42 - 0.5 * cos(2 * .pi * place) + 0.08 * cos(4 * .pi * place)
    }
}
