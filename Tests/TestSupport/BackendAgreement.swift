import Execution
import GraphIR
import Tensors

/// Checks that the fast back end computes what plain loops did.
/// - Throws: `internalFault` where it does not.
package func checkFastBackend(
    _ model: Model,
    _ feeds: [ValueID: TensorData],
    gives expected: [TensorData],
    threads: Int = 2
) throws(CNNOptError) {
    let results = try Engine(model, backend: .onednn).run(feeds, threads: threads)
    for (index, (fast, plain)) in zip(results, expected).enumerated() {
        guard fast.elementType == plain.elementType, fast.shape == plain.shape else {
            throw CNNOptError(
                .internalFault,
                "output \(index): \(fast.elementType)\(fast.shape) instead of \(plain.elementType)\(plain.shape)"
            )
        }
        if let difference = try fast.difference(from: plain) {
            throw CNNOptError(.internalFault, "output \(index) of the fast back end: \(difference)")
        }
    }
}

extension TensorData {
    /// What differs more than rounding explains; nil where nothing does. 8-bit integers may be one step apart, since sums of
    /// real numbers are rounded to them; other integers have to be equal.
    package func difference(from other: TensorData) throws(CNNOptError) -> String? {
        if let strings { return strings == other.strings ? nil : "strings differ" }
        guard let a = try? doubles(), let b = try? other.doubles() else {
            return isIdentical(to: other) ? nil : "bytes differ"
        }
        let size = b.filter(\.isFinite).reduce(0) { max($0, abs($1)) }
        let tolerance: Double =
            switch elementType {
            case .float32, .float64: 1e-5 * size + 1e-7
            case .float16, .bfloat16: 1e-2 * size
            case .int8, .uint8: 1
            default: 0
            }
        for i in a.indices where a[i] != b[i] && !(a[i].isNaN && b[i].isNaN) {
            if !(abs(a[i] - b[i]) <= tolerance) { return "element \(i) is \(a[i]) instead of \(b[i])" }
        }
        return nil
    }
}
