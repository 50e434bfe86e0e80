import GraphIR
import Tensors

/// An equation such as `bij,bjk->bik`: one letter for each axis of each operand, the letters of the result after the arrow.
struct EinsteinEquation: Sendable {
    /// The letters of one operand; `ellipsis` is where the unnamed axes stand.
    struct Term: Sendable, Hashable {
        var letters: [Character]
        var ellipsis: Int?
    }

    let operands: [Term]
    let result: Term

    /// - Throws: `invalidModel` where it is no such equation.
    init(_ text: String) throws(CNNOptError) {
        let plain = text.filter { $0 != " " }
        guard let arrow = Self.arrow(plain) else {
            operands = try Self.terms(plain)
            result = Self.implied(operands)
            return
        }
        let left = try Self.terms(String(plain[..<arrow]))
        let right = try Self.terms(String(plain[plain.index(arrow, offsetBy: 2)...]))
        guard let last = right.first, right.count == 1, Set(last.letters).count == last.letters.count,
            last.letters.allSatisfy({ letter in left.contains { $0.letters.contains(letter) } })
        else { throw CNNOptError(.invalidModel, "'\(text)' is no Einstein equation") }
        operands = left
        result = last
    }

    private static func arrow(_ text: String) -> String.Index? {
        guard let dash = text.firstIndex(of: "-"), text.index(after: dash) < text.endIndex,
            text[text.index(after: dash)] == ">"
        else { return nil }
        return dash
    }

    private static func terms(_ text: String) throws(CNNOptError) -> [Term] {
        var terms: [Term] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            var (letters, dots, ellipsis): ([Character], Int, Int?) = ([], 0, nil)
            for character in part {
                if character == "." {
                    dots += 1
                    if dots == 1 { ellipsis = letters.count }
                } else if character.isASCII, character.isLetter, dots == 0 || dots == 3 {
                    letters.append(character)
                } else {
                    throw CNNOptError(.invalidModel, "'\(part)' is no term of an Einstein equation")
                }
            }
            guard dots == 0 || dots == 3 else {
                throw CNNOptError(.invalidModel, "'\(part)' is no term of an Einstein equation")
            }
            terms.append(Term(letters: letters, ellipsis: ellipsis))
        }
        return terms
    }

    /// Without an arrow: the unnamed axes, then every letter that occurs once, in alphabetical order.
    private static func implied(_ operands: [Term]) -> Term {
        let all = operands.flatMap(\.letters)
        let once = Set(all).filter { letter in all.count { $0 == letter } == 1 }
        return Term(letters: once.sorted(), ellipsis: operands.contains { $0.ellipsis != nil } ? 0 : nil)
    }

    /// The axis labels of an operand of that rank: letters, and numbers for unnamed axes, counted from the last.
    /// - Throws: `invalidModel` where the rank does not fit.
    func labels(_ term: Term, rank: Int) throws(CNNOptError) -> [Label] {
        let unnamed = rank - term.letters.count
        guard term.ellipsis == nil ? unnamed == 0 : unnamed >= 0 else {
            throw CNNOptError(.invalidModel, "a term of \(term.letters.count) letters for a tensor of rank \(rank)")
        }
        guard let place = term.ellipsis else { return term.letters.map(Label.letter) }
        return term.letters[..<place].map(Label.letter) + (0..<unnamed).map { .unnamed(unnamed - 1 - $0) }
            + term.letters[place...].map(Label.letter)
    }

    enum Label: Hashable, Sendable {
        case letter(Character)
        /// An axis under the ellipsis, counted from its last.
        case unnamed(Int)
    }
}
