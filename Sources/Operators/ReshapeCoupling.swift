import GraphIR
import Tensors

extension ChannelCoupling {
    /// How axes hang together when elements keep their order and only the shape changes.
    ///
    /// Both shapes are cut into segments whose sizes multiply to the same number, from the left and from the right. One axis
    /// against one is the identity; several merged into one, or one split into several, can carry the channels of any one of
    /// them, which makes a choice.
    static func reshape(_ input: Shape?, _ output: Shape?) -> ChannelCoupling {
        guard let input, let output else { return .barrier("the rank of its input or output is unknown") }
        var coupling = ChannelCoupling()
        let left = segments(input, output)
        var (usedIn, usedOut) = (0, 0)
        for (a, b) in left {
            coupling.add(Array(a), input, Array(b), output)
            (usedIn, usedOut) = (a.upperBound, b.upperBound)
        }
        let right = segments(input[usedIn...].reversed(), output[usedOut...].reversed())
        for (a, b) in right {
            let inputs = a.map { input.count - 1 - $0 }.reversed()
            let outputs = b.map { output.count - 1 - $0 }.reversed()
            coupling.add(Array(inputs), input, Array(outputs), output)
        }
        return coupling
    }

    /// Ranges of both lists with surely equal products, from the left as far as that can be told.
    private static func segments(_ a: [Dimension], _ b: [Dimension]) -> [(Range<Int>, Range<Int>)] {
        var result: [(Range<Int>, Range<Int>)] = []
        var (i, j) = (0, 0)
        while i < a.count || j < b.count {
            // Axes of size 1 stand alone, so that they do not widen a segment.
            if i < a.count, a[i] == 1, j >= b.count || b[j] != 1 {
                result.append((i..<i + 1, j..<j))
                i += 1
                continue
            }
            if j < b.count, b[j] == 1, i >= a.count || a[i] != 1 {
                result.append((i..<i, j..<j + 1))
                j += 1
                continue
            }
            guard i < a.count, j < b.count else { break }
            var (m, n) = (i + 1, j + 1)
            var (left, right) = (DimensionProduct([a[i]]), DimensionProduct([b[j]]))
            while !left.isSurely(right) {
                guard left.symbols.isEmpty, right.symbols.isEmpty, left.unknowns == 0, right.unknowns == 0, left.fits,
                    right.fits, left.known > 0, right.known > 0
                else { return result }
                if left.known < right.known {
                    guard m < a.count else { return result }
                    left.multiply(a[m])
                    m += 1
                } else {
                    guard n < b.count else { return result }
                    right.multiply(b[n])
                    n += 1
                }
            }
            result.append((i..<m, j..<n))
            (i, j) = (m, n)
        }
        return result
    }

    private mutating func add(_ inputs: [Int], _ input: Shape, _ outputs: [Int], _ output: Shape) {
        let from = inputs.filter { input[$0] != 1 }
        let to = outputs.filter { output[$0] != 1 }
        if from.isEmpty, to.isEmpty {
            // An axis of size 1 that stays is the same axis.
            if let a = inputs.first, let b = outputs.first, inputs.count == 1, outputs.count == 1 {
                links.append(Link(Axis(.input(0), a), Axis(.output(0), b), count: 1))
            }
            return
        }
        if from.count == 1, to.count == 1 {
            guard let size = input[from[0]].size else { return }
            links.append(Link(Axis(.input(0), from[0]), Axis(.output(0), to[0]), count: size))
        } else if to.count == 1 {
            choices.append(
                Self.parts(from.map { (Axis(.input(0), $0), input[$0].size) }, whole: Axis(.output(0), to[0]))
            )
        } else if from.count == 1 {
            choices.append(
                Self.parts(to.map { (Axis(.output(0), $0), output[$0].size) }, whole: Axis(.input(0), from[0]))
            )
        }
    }

    /// The alternatives of one axis that is the product of several.
    private static func parts(_ parts: [(axis: Axis, size: Int?)], whole: Axis) -> [Link] {
        let sizes = parts.map { $0.size ?? 1 }
        return parts.indices.map { k in
            Link(
                parts[k].axis,
                whole,
                count: sizes[k],
                outer: sizes[..<k].reduce(1, *),
                inner: sizes[(k + 1)...].reduce(1, *)
            )
        }
    }
}
