import Tensors

extension Preprocess {
    private static let keys = ["resize", "crop", "scale", "mean", "std", "add", "layout", "channels", "dtype"]
    private static let largestSide = 1 << 16

    /// Reads the argument of `--preprocess`: `key=value` pairs between commas, each key at most once.
    /// - Throws: `usage`, naming the key, what it takes, and the nearest known name for an unknown one.
    package init(parsing text: String) throws(CNNOptError) {
        self.init()
        guard !text.allSatisfy(\.isWhitespace) else { return }
        var seen: Set<String> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(Self.trimmed)
            let key = pair[0].lowercased()
            guard Self.keys.contains(key) else { throw Self.unknown("key", pair[0], Self.keys) }
            guard pair.count == 2, !pair[1].isEmpty else {
                throw Self.wrong("'\(key)' needs a value, as in \(Self.example(key))")
            }
            guard seen.insert(key).inserted else { throw Self.wrong("'\(key)' is given twice") }
            try set(key, pair[1])
        }
    }

    private mutating func set(_ key: String, _ value: String) throws(CNNOptError) {
        switch key {
        case "resize":
            let size = try Self.size(key, value)
            resize = size.height.map { .exact(width: size.width, height: $0) } ?? .shortSide(size.width)
        case "crop":
            let size = try Self.size(key, value)
            crop = Size(width: size.width, height: size.height ?? size.width)
        case "scale":
            guard let (numerator, denominator) = Self.quotient(value) else { throw Self.malformed(key, value) }
            scale = Scale(numerator, over: denominator)
        case "mean": mean = try Self.numbers(key, value)
        case "std":
            std = try Self.numbers(key, value)
            guard !std.contains(0) else { throw Self.wrong("std=\(value) would divide by zero") }
        case "add": add = try Self.number(key, value)
        case "layout": layout = try Self.choice(key, value, Layout.allCases)
        case "channels": channels = try Self.choice(key, value == "gray" ? "grey" : value, Channels.allCases)
        default:
            guard let type = Self.elementTypes.first(where: { String(describing: $0) == value.lowercased() }) else {
                throw Self.unknown("dtype", value, Self.elementTypes.map { String(describing: $0) })
            }
            elementType = type
        }
    }

    private static func example(_ key: String) -> String {
        switch key {
        case "resize": "resize=256 (the shorter side) or resize=160x120 (width x height)"
        case "crop": "crop=224 or crop=224x192 (width x height)"
        case "scale": "scale=1/255"
        case "mean": "mean=0.485:0.456:0.406 or mean=127.5"
        case "std": "std=0.229:0.224:0.225 or std=127.5"
        case "add": "add=-128"
        case "layout": "layout=nchw"
        case "channels": "channels=rgb"
        default: "dtype=float32"
        }
    }

    private static func size(_ key: String, _ value: String) throws(CNNOptError) -> (width: Int, height: Int?) {
        let sides = value.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        let valid = sides.compactMap { $0 }.filter { (1...largestSide).contains($0) }
        guard valid.count == sides.count, valid.count == 1 || valid.count == 2 else { throw malformed(key, value) }
        return (valid[0], valid.count == 2 ? valid[1] : nil)
    }

    private static func numbers(_ key: String, _ value: String) throws(CNNOptError) -> [Float] {
        var result: [Float] = []
        for part in value.split(separator: ":", omittingEmptySubsequences: false) {
            result.append(try number(key, trimmed(part)))
        }
        return result
    }

    private static func number(_ key: String, _ value: String) throws(CNNOptError) -> Float {
        guard let (numerator, denominator) = quotient(value) else { throw malformed(key, value) }
        return numerator / denominator
    }

    /// A decimal number or a fraction of two.
    private static func quotient(_ text: String) -> (numerator: Float, denominator: Float)? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Float(trimmed($0)) }
        let valid = parts.compactMap { $0 }
        guard valid.count == parts.count, valid.count <= 2, let numerator = valid.first else { return nil }
        let denominator = valid.count == 2 ? valid[1] : 1
        guard numerator.isFinite, denominator.isFinite, denominator != 0, (numerator / denominator).isFinite else {
            return nil
        }
        return (numerator, denominator)
    }

    private static func choice<Choice: RawRepresentable<String>>(
        _ key: String,
        _ value: String,
        _ all: [Choice]
    ) throws(CNNOptError) -> Choice {
        guard let choice = Choice(rawValue: value.lowercased()) else { throw unknown(key, value, all.map(\.rawValue)) }
        return choice
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }

    private static func malformed(_ key: String, _ value: String) -> CNNOptError {
        wrong("\(key)=\(value) is no value of that key; it looks like \(example(key))")
    }

    private static func unknown(_ kind: String, _ name: String, _ known: [String]) -> CNNOptError {
        var error = wrong("unknown \(kind) '\(name)'")
        let nearest = nearestName(to: name, among: known).map { "did you mean '\($0)'? " } ?? ""
        error.remedy = nearest + "known are \(known.joined(separator: ", "))"
        return error
    }

    private static func wrong(_ message: String) -> CNNOptError { CNNOptError(.usage, "--preprocess: \(message)") }
}
