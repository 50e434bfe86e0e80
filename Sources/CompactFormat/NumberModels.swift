import EntropyCoding

/// What the model of a payload's numbers is told of them, by which of the two it is.
enum NumberLayout: Equatable {
    case magnitudes(MagnitudeLayout)
    case tokens(TokenLayout)
}

/// The models that a section's numbers are coded by: tokens for multiples of steps, magnitudes for all others.
final class NumberModels {
    private let modelledBits: Int
    private lazy var magnitudes = MagnitudeModel(modelledBits: modelledBits)
    private lazy var tokens = TokenModel()

    /// - Parameter modelledBits: of the magnitude model.
    init(modelledBits: Int) { self.modelledBits = modelledBits }

    /// Begins with the numbers of a payload, or of a piece of one.
    func begin(_ layout: NumberLayout) -> Run {
        switch layout {
        case .magnitudes(let layout): .magnitudes(magnitudes, MagnitudeSurroundings(layout))
        case .tokens(let layout): .tokens(tokens, TokenSurroundings(layout))
        }
    }

    /// Numbers that follow each other in one tensor.
    enum Run {
        case magnitudes(MagnitudeModel, MagnitudeSurroundings)
        case tokens(TokenModel, TokenSurroundings)

        /// Codes the next ones.
        func code<Coder: EntropyCoder>(_ count: Int, of batch: MagnitudeBatch, with coder: inout Coder) {
            switch self {
            case .magnitudes(let model, let surroundings):
                model.code(count, of: batch, in: surroundings, with: &coder)
            case .tokens(let model, let surroundings):
                model.code(count, of: batch, in: surroundings, with: &coder)
            }
        }
    }
}
