import GraphIR
import Tensors

/// A product of dimensions, as far as they are known.
struct DimensionProduct: Hashable {
    /// The product of the known sizes.
    private(set) var known = 1
    /// Sorted names of the symbols, with repetition.
    private(set) var symbols: [String] = []
    /// How many dimensions nothing is known about.
    private(set) var unknowns = 0
    /// False once the known sizes' product has overflowed: the product then equals no other.
    private(set) var fits = true

    init() {}

    init(_ dimensions: some Sequence<Dimension>) { for dimension in dimensions { multiply(dimension) } }

    mutating func multiply(_ dimension: Dimension) {
        switch dimension {
        case .symbol(let name):
            symbols.append(name)
            symbols.sort()
        case .unknown: unknowns += 1
        case .known(let size) where size < 0: unknowns += 1
        case .known(let size):
            guard let product = checkedProduct([known, size]) else {
                fits = false
                return
            }
            known = product
        }
    }

    /// Whether both are surely the same number.
    func isSurely(_ other: DimensionProduct) -> Bool {
        fits && other.fits && unknowns == 0 && other.unknowns == 0 && known == other.known && symbols == other.symbols
    }

    /// The product as one dimension.
    var dimension: Dimension {
        if known == 0, fits { return 0 }
        guard fits, unknowns == 0 else { return .unknown }
        if symbols.isEmpty { return .known(known) }
        if symbols.count == 1, known == 1 { return .symbol(symbols[0]) }
        return .unknown
    }

    /// What this product is when divided by another: a symbol or an unknown dimension that both share cancels only where it is
    /// a symbol.
    func divided(by other: DimensionProduct) -> Dimension {
        guard fits, other.fits, unknowns == 0, other.unknowns == 0, other.known > 0 else { return .unknown }
        var rest = symbols
        for symbol in other.symbols {
            guard let index = rest.firstIndex(of: symbol) else { return .unknown }
            rest.remove(at: index)
        }
        guard known % other.known == 0 else { return .unknown }
        let quotient = known / other.known
        if rest.isEmpty { return .known(quotient) }
        return rest.count == 1 && quotient == 1 ? .symbol(rest[0]) : .unknown
    }
}
