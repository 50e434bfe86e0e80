import GraphIR
import Tensors

extension OperatorSite {
    /// Whether the first output surely has the shape of an input: every size known, or the same symbol.
    func hasSameShape(_ port: Int) -> Bool {
        guard let input = shape(port), let output = outputType(0).shape, input.count == output.count else {
            return false
        }
        return zip(input, output).allSatisfy { a, b in
            switch (a, b) {
            case (.symbol(let x), .symbol(let y)): x == y
            default: a.size != nil && a.size == b.size
            }
        }
    }
}
