/// A grid as a line of text: the axis along which steps differ (0 or 1, `-` where there is one step), `t` if numbers are a
/// path of ``DependentTrellis``, the steps behind commas, and a digit for each place's shift where there are some, all behind spaces.
///
/// A step that is 2^(n/4) is the number n; any other is `x` and the 16 hexadecimal digits of its bits as a float64.
package struct GridText: Sendable, Equatable, CustomStringConvertible {
    private var grid: UniformGrid

    /// Characters of a step, a comma and a shift at most.
    private static let longestStep = 19

    package init(_ grid: UniformGrid) {
        self.grid = grid
        self.grid.rowLength = 0
    }

    /// nil where the text is none that ``description`` makes.
    /// - Parameter elements: of the tensor: a text that is longer than all their steps and shifts is not looked at.
    package init?(_ text: some StringProtocol, elements: Int) {
        guard text.utf8.count / Self.longestStep <= elements + 1 else { return nil }
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        let isDependent = parts.count > 1 && parts[1] == "t"
        let lists = parts.dropFirst(isDependent ? 2 : 1)
        guard let axis = parts.first, let steps = lists.first, lists.count <= 2 else { return nil }
        grid = UniformGrid(steps: [], rowLength: 0, isDependent: isDependent)
        switch axis {
        case "0": grid.axis = 0
        case "1": grid.axis = 1
        case "-": grid.axis = nil
        default: return nil
        }
        for step in steps.split(separator: ",", omittingEmptySubsequences: false) {
            guard let step = Self.step(step) else { return nil }
            grid.steps.append(step)
        }
        if lists.count == 2, let digits = lists.last {
            for digit in digits.utf8 {
                guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else { return nil }
                grid.shifts.append(digit - UInt8(ascii: "0"))
            }
            guard !grid.shifts.isEmpty else { return nil }
        }
    }

    package var description: String {
        var text = grid.axis.map(String.init) ?? "-"
        if grid.isDependent { text += " t" }
        text += " " + grid.steps.map(Self.text).joined(separator: ",")
        if !grid.shifts.isEmpty { text += " " + grid.shifts.map { String($0) }.joined() }
        return text
    }

    /// The grid for a tensor of a shape; whether it fits is for ``UniformGrid/fits(_:)`` to say.
    package func grid(shape: [Int]) -> UniformGrid {
        var result = grid
        let count = checkedProduct(shape) ?? 0
        result.rowLength = shape.count > 1 && shape[0] > 0 ? count / shape[0] : count
        return result
    }

    private static func step(_ text: some StringProtocol) -> Double? {
        if text.first == "x" {
            let digits = text.dropFirst()
            guard digits.utf8.count == 16, let bits = UInt64(digits, radix: 16) else { return nil }
            let step = Double(bitPattern: bits)
            return step.isFinite && step > 0 ? step : nil
        }
        guard let number = Int(text), LogarithmicStep.numbers.contains(number) else { return nil }
        return Double(LogarithmicStep.step(number))
    }

    private static func text(_ step: Double) -> String {
        if let number = LogarithmicStep.number(of: step) { return String(number) }
        let digits = String(step.bitPattern, radix: 16)
        return "x" + String(repeating: "0", count: 16 - digits.count) + digits
    }
}
