import GraphIR

/// The operators that this build knows. Adding one is its file under Definitions and its line here.
package struct OperatorRegistry: Sendable {
    package let operators: [OperatorName: any Operator.Type]

    package init(_ operators: [any Operator.Type]) {
        self.operators = Dictionary(operators.map { ($0.schema.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    package subscript(_ name: OperatorName) -> (any Operator.Type)? { operators[name] }

    /// All of ONNX's default domain that is defined here, by family, and what ONNX Runtime's quantiser adds in its own.
    package static let standard = OperatorRegistry(
        activations + arithmetic + attention + comparison + contributed + controlFlow + conversion + detection
            + elementary + indexing
            + layout + legacy + linear + losses + normalization + pooling + quantization + random + recurrent
            + reductions
            + resizing + sampling + selection + shapes + signal + text
    )
}
