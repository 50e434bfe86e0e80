import GraphIR
import Tensors

/// The parts of each string between delimiters, with empty strings up to the largest number of parts, and these numbers.
enum StringSplit: Operator {
    static let schema = OperatorSchema("StringSplit", versions: [20], inputs: 1...1, outputs: 2...2)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        [TensorType(.string, site.shape(0).map { $0 + [.unknown] }), TensorType(.int64, site.shape(0))]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let delimiter = Array(try site.string("delimiter", default: "").utf8)
        let limit = try site.int("maxsplit").flatMap { $0 < 0 ? nil : $0 }
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let x = try inputs.required(0)
            guard let strings = x.strings else {
                throw CNNOptError(.invalidModel, "element type \(x.elementType.onnxName), not string")
            }
            let parts = strings.map {
                delimiter.isEmpty ? words($0, limit ?? Int.max) : pieces($0, delimiter, limit ?? Int.max)
            }
            let width = parts.reduce(0) { max($0, $1.count) }
            try IndexedCopy.check(x.shape + [width], .float64)
            let filled = parts.flatMap { $0 + [[UInt8]](repeating: [], count: width - $0.count) }
            return [
                try TensorData(strings: filled, shape: x.shape + [width]),
                try TensorData(parts.map { Int64($0.count) }, shape: x.shape),
            ]
        }
    }

    /// Between runs of white space; those at both ends count for nothing. What is left after the last split stays whole.
    private static func words(_ text: [UInt8], _ limit: Int) -> [[UInt8]] {
        var (result, rest): ([[UInt8]], ArraySlice<UInt8>) = ([], text[...].drop(while: isSpace))
        while let first = rest.firstIndex(where: isSpace), result.count < limit {
            result.append(Array(rest[..<first]))
            rest = rest[first...].drop(while: isSpace)
        }
        while let last = rest.last, isSpace(last) { rest.removeLast() }
        return rest.isEmpty ? result : result + [Array(rest)]
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

    private static func pieces(_ text: [UInt8], _ delimiter: [UInt8], _ limit: Int) -> [[UInt8]] {
        var (result, start, place): ([[UInt8]], Int, Int) = ([], 0, 0)
        while place + delimiter.count <= text.count, result.count < limit {
            if text[place..<place + delimiter.count].elementsEqual(delimiter) {
                result.append(Array(text[start..<place]))
                place += delimiter.count
                start = place
            } else {
                place += 1
            }
        }
        return result + [Array(text[start...])]
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its size depends on the data")
    }
}
