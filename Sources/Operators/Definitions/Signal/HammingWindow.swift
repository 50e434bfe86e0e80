import GraphIR
import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A raised cosine that does not reach zero.
enum HammingWindow: WindowOperator {
    static let schema = OperatorSchema("HammingWindow", versions: [17], inputs: 1...1)

    static func value(_ place: Double) -> Double { (25 - 21 * cos(2 * .pi * place)) / 46 }
}
