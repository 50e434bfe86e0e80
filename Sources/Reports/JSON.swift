import Foundation

/// JSON documents: keys sorted, so that the same figures give the same bytes.
package enum JSON {
    /// - Throws: where a value holds an infinity or NaN.
    package static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
