import GraphIR
import Tensors

/// The strings of a list that are no stop words, in upper or lower case on request; one empty string where none is left.
enum StringNormalizer: Operator {
    static let schema = OperatorSchema("StringNormalizer", versions: [10], inputs: 1...1)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        guard let shape = site.shape(0) else { return [TensorType(.string, nil)] }
        guard shape.count == 1 || shape.count == 2 else {
            throw site.failure(.invalidModel, "an input of rank \(shape.count), not 1 or 2")
        }
        return [TensorType(.string, shape.count == 1 ? [.unknown] : [1, .unknown])]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let action = try site.string("case_change_action", default: "NONE")
        let isCaseSensitive = try site.int("is_case_sensitive", default: 0) != 0
        guard ["NONE", "LOWER", "UPPER"].contains(action) else {
            throw site.failure(.invalidModel, "attribute 'case_change_action' is '\(action)'")
        }
        let words = try site.strings("stopwords") ?? []
        let stops = Set(isCaseSensitive ? words : words.map { $0.lowercased() })
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let x = try inputs.required(0)
            guard let strings = x.strings, x.shape.count == 1 || (x.shape.count == 2 && x.shape[0] == 1) else {
                throw CNNOptError(.invalidModel, "an input of type \(x.elementType.onnxName) and shape \(x.shape)")
            }
            var kept: [[UInt8]] = []
            for bytes in strings {
                let text = String(decoding: bytes, as: UTF8.self)
                guard !stops.contains(isCaseSensitive ? text : text.lowercased()) else { continue }
                switch action {
                case "LOWER": kept.append(Array(text.lowercased().utf8))
                case "UPPER": kept.append(Array(text.uppercased().utf8))
                default: kept.append(bytes)
                }
            }
            if kept.isEmpty { kept = [[]] }
            return [try TensorData(strings: kept, shape: x.shape.count == 1 ? [kept.count] : [1, kept.count])]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its size depends on the data")
    }
}
