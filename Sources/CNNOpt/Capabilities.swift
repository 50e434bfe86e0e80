import Operators
import Passes

/// What this build can do.
public enum Capabilities {
    public struct Argument: Sendable, Encodable {
        public var name: String
        public var values: String
        public var `default`: String
        public var help: String
    }

    public struct Pass: Sendable, Encodable {
        public var name: String
        public var summary: String
        public var arguments: [Argument]
    }

    public struct Operator: Sendable, Encodable {
        public var name: String
        /// The operator set versions that changed it.
        public var versions: [Int]
        /// Whether ONNX Runtime's 8-bit kernels cover it, so that `quant` surrounds it.
        public var isQuantizable: Bool
    }

    /// The passes, in the order in which they are listed to users.
    public static var passes: [Pass] {
        PassRegistry.all.map { $0.info }.map { info in
            Pass(
                name: info.name,
                summary: info.summary,
                arguments: info.arguments.map {
                    Argument(name: $0.name, values: $0.values, default: $0.defaultValue, help: $0.help)
                }
            )
        }
    }

    /// The operators, by name.
    public static var operators: [Operator] {
        OperatorRegistry.standard.operators.values
            .map {
                Operator(
                    name: $0.schema.name.description,
                    versions: $0.schema.versions,
                    isQuantizable: $0.traits.contains(.isQuantizable)
                )
            }
            .sorted { $0.name < $1.name }
    }
}
