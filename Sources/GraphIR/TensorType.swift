import Tensors

/// One dimension of a tensor's shape as far as it is known.
package enum Dimension: Sendable, Hashable {
    case known(Int)
    /// A name that stands for the same size wherever it occurs in the model, such as `N`.
    case symbol(String)
    case unknown

    /// The size, where it is known and not negative (some exporters write −1 for "any").
    package var size: Int? {
        if case .known(let size) = self, size >= 0 { size } else { nil }
    }
}

extension Dimension: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: Int) { self = .known(value) }
}

extension Dimension: CustomStringConvertible {
    package var description: String {
        switch self {
        case .known(let size): "\(size)"
        case .symbol(let name): name
        case .unknown: "?"
        }
    }
}

/// The dimensions of a tensor of known rank, outermost first.
package typealias Shape = [Dimension]

extension [Dimension] {
    /// The sizes, where every dimension is known.
    package var sizes: [Int]? {
        var result: [Int] = []
        for dimension in self {
            guard let size = dimension.size else { return nil }
            result.append(size)
        }
        return result
    }

    /// The shape whose dimensions are all known.
    package init(sizes: [Int]) { self = sizes.map(Dimension.known) }
}

/// Element type and shape of a tensor, each nil where nothing is known.
package struct TensorType: Sendable, Hashable {
    package var elementType: ElementType?
    package var shape: Shape?

    package init(_ elementType: ElementType?, _ shape: Shape?) {
        self.elementType = elementType
        self.shape = shape
    }

    package var rank: Int? { shape?.count }

    /// The sizes, where the rank and every dimension are known.
    package var sizes: [Int]? { shape?.sizes }

    /// What both descriptions say together: the more precise of the two wherever they differ in precision, `self` where
    /// they contradict each other.
    package func refined(by other: TensorType) -> TensorType {
        var result = self
        result.elementType = elementType ?? other.elementType
        guard let mine = shape else {
            result.shape = other.shape
            return result
        }
        guard let theirs = other.shape, theirs.count == mine.count else { return result }
        result.shape = zip(mine, theirs).map { a, b in
            switch (a.size, a, b.size, b) {
            case (.some, _, _, _): a
            case (nil, _, .some, _): b
            case (nil, .symbol, nil, _): a
            default: b
            }
        }
        return result
    }
}

extension TensorType: CustomStringConvertible {
    package var description: String {
        let dimensions = shape.map { "[" + $0.map(\.description).joined(separator: ",") + "]" } ?? "[…]"
        return (elementType?.onnxName ?? "?") + dimensions
    }
}

/// The type of a value: nearly always a tensor.
package indirect enum ValueType: Sendable, Hashable {
    case tensor(TensorType)
    /// Sequences, maps, optionals, sparse tensors and types of the future: the serialised TypeProto, carried through.
    case opaque([UInt8])

    /// The tensor type; nil for everything else.
    package var tensor: TensorType? {
        if case .tensor(let type) = self { type } else { nil }
    }
}
