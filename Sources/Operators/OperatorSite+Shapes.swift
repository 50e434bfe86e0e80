import GraphIR
import Tensors

extension OperatorSite {
    /// Whether the first output surely has the shape of an input: every size known, or the same symbol.
    /// - Parameter keepsCount: true where both hold the same number of elements anyway, so that one dimension may be unknown.
    func hasSameShape(_ port: Int, keepsCount: Bool = false) -> Bool {
        guard let input = shape(port), let output = outputType(0).shape, input.count == output.count else {
            return false
        }
        let open = zip(input, output).filter { a, b in
            switch (a, b) {
            case (.symbol(let x), .symbol(let y)): x != y
            default: a.size == nil || a.size != b.size
            }
        }
        if open.isEmpty { return true }
        let contradicts = open.contains { $0.size != nil && $1.size != nil }
        return keepsCount && open.count == 1 && !contradicts && !input.contains { $0.size == 0 }
    }
}
