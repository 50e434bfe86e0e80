import GraphIR
import Tensors

/// Arithmetic on sizes that are known, symbolic or unknown. Results are exact or nil: nothing is wrapped or rounded.
enum ShapeArithmetic {
    /// The result if it is a number of the element type.
    private static func known(_ result: (partialValue: Int, overflow: Bool), _ type: ElementType) -> Dimension? {
        guard !result.overflow else { return nil }
        let value = result.partialValue
        let fits =
            switch type {
            case .int64: true
            case .int32: Int32(exactly: value) != nil
            // Whole numbers below 2²⁴ are exact in float32.
            case .float32: value.magnitude <= 1 << 24
            case .float64: value.magnitude <= 1 << 53
            default: false
            }
        return fits ? .known(value) : nil
    }

    static func add(_ a: Dimension, _ b: Dimension, _ type: ElementType) -> Dimension? {
        switch (a, b) {
        case (.known(let x), .known(let y)): known(x.addingReportingOverflow(y), type)
        case (.known(0), _): b
        case (_, .known(0)): a
        default: nil
        }
    }

    static func subtract(_ a: Dimension, _ b: Dimension, _ type: ElementType) -> Dimension? {
        switch (a, b) {
        case (.known(let x), .known(let y)): known(x.subtractingReportingOverflow(y), type)
        case (_, .known(0)): a
        case (.symbol(let x), .symbol(let y)) where x == y: .known(0)
        default: nil
        }
    }

    static func multiply(_ a: Dimension, _ b: Dimension, _ type: ElementType) -> Dimension? {
        switch (a, b) {
        case (.known(let x), .known(let y)): known(x.multipliedReportingOverflow(by: y), type)
        case (.known(1), _): b
        case (_, .known(1)): a
        default: nil
        }
    }

    /// Integers are divided towards zero; floats only where nothing remains.
    static func divide(_ a: Dimension, _ b: Dimension, _ type: ElementType) -> Dimension? {
        switch (a, b) {
        case (_, .known(1)): return a
        case (.known(let x), .known(let y)):
            guard y != 0, !type.isFloat || (y != -1 && x % y == 0) else { return nil }
            return known(x.dividedReportingOverflow(by: y), type)
        default: return nil
        }
    }

    static func minimum(_ a: Dimension, _ b: Dimension) -> Dimension? {
        if case (.known(let x), .known(let y)) = (a, b) { .known(min(x, y)) } else { a == b && a != .unknown ? a : nil }
    }

    static func maximum(_ a: Dimension, _ b: Dimension) -> Dimension? {
        if case (.known(let x), .known(let y)) = (a, b) { .known(max(x, y)) } else { a == b && a != .unknown ? a : nil }
    }
}
