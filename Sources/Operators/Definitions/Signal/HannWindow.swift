import GraphIR
import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// sin² over half a turn.
enum HannWindow: WindowOperator {
    static let schema = OperatorSchema("HannWindow", versions: [17], inputs: 1...1)

    static func value(_ place: Double) -> Double { 0.5 - 0.5 * cos(2 * .pi * place) }
}
