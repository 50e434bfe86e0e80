/// What a model has to know of numbers before it codes them.
///
/// A number is a *class* (the place of its leading bit; 0 is the number zero), a sign, and the *fraction* (the bits below
/// the leading one). Floating-point numbers have their exponent for a class, integers their length in bits.
package struct MagnitudeLayout: Sendable, Equatable {
    /// The highest class that occurs.
    package var top: Int
    /// How far below the highest class an ordinary one lies, 0 to ``lowestMiddle``: classes are coded by their distance from there.
    package var middle: Int
    /// Whether zero is told apart from all other numbers first; else it is the lowest class.
    package var hasZeros: Bool
    /// Whether zeros have signs, as those of floating-point numbers may.
    package var zerosHaveSigns: Bool
    /// The fraction's bits of each class, 0 to 56; `top` + 1 entries. That of class 0 counts for nothing.
    package var widths: [UInt8]
    /// Numbers in a row of the tensor: those of one output channel.
    package var rowLength: Int
    /// Numbers of one kernel: the same place of the input channel before lies so far back. 1 to ``largestKernel``.
    package var kernelLength: Int
    /// Whether signs are coded as they are.
    package var hasRawSigns: Bool

    package static let largestKernel = 64
    package static let lowestMiddle = 7

    package init(
        top: Int,
        middle: Int = 0,
        hasZeros: Bool,
        zerosHaveSigns: Bool,
        widths: [UInt8],
        rowLength: Int,
        kernelLength: Int,
        hasRawSigns: Bool = false
    ) {
        self.top = top
        self.middle = min(max(middle, 0), min(Self.lowestMiddle, top))
        self.hasZeros = hasZeros
        self.zerosHaveSigns = zerosHaveSigns
        self.widths = widths
        self.rowLength = rowLength
        self.kernelLength = kernelLength
        self.hasRawSigns = hasRawSigns
    }
}

extension MagnitudeLayout {
    /// Whether so many zeros are best told apart first; few are the lowest class.
    package static func tellsZeros(_ zeros: Int, of count: Int) -> Bool { zeros * 8 > count }

    /// How far the median class lies below the highest.
    /// - Parameter classes: how many numbers are of each.
    package static func middle(_ classes: [Int], top: Int) -> Int {
        max(min(top - TokenLayout.typicalLength(classes), lowestMiddle), 0)
    }

    /// The fraction's bits of integers, whose class is their length in bits.
    package static func integerWidths(longest: Int) -> [UInt8] { (0...longest).map { UInt8(max($0 - 1, 0)) } }
}
