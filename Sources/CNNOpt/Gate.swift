/// One limit and the figure that it was held against.
public struct Gate: Sendable, Encodable {
    public var name: String
    public var limit: Double
    /// In the limit's unit. Infinite where outputs are equal or hold no numbers; null in JSON.
    public var value: Double
    public var passed: Bool

    private enum Key: String, CodingKey { case name, limit, value, passed }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encode(limit, forKey: .limit)
        try container.encode(value.finite, forKey: .value)
        try container.encode(passed, forKey: .passed)
    }
}
