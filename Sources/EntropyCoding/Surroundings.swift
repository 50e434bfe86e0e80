/// What surrounds the next number of a tensor: running means of magnitudes by row and column, and the last numbers.
///
/// Magnitudes have at most 12 bits; means are in sixteenths of them.
package class Surroundings {
    static let history = 128
    static let mask = history - 1

    let rowLength: Int
    let kernelLength: Int
    /// Means by place in the row; 0 before the first number.
    let columns: UnsafeMutablePointer<UInt32>
    /// Magnitudes and signs of the last 128 numbers, by number modulo 128.
    let magnitudes: UnsafeMutablePointer<UInt32>
    let signs: UnsafeMutablePointer<UInt8>
    /// The means of the row so far and of all numbers.
    var row: UInt32
    var whole: UInt32
    /// The logarithm of `whole` when the row began.
    var wholeLevel = 0
    /// The place of the next number in its row and kernel, and its number modulo 128.
    var place = 0
    var kernelPlace = 0
    var number = 0

    init(rowLength: Int, kernelLength: Int, start: UInt32) {
        (self.rowLength, self.kernelLength) = (rowLength, kernelLength)
        (row, whole) = (start, start)
        columns = .allocate(capacity: max(rowLength, 1))
        columns.initialize(repeating: 0, count: max(rowLength, 1))
        magnitudes = .allocate(capacity: Self.history)
        magnitudes.initialize(repeating: 0, count: Self.history)
        signs = .allocate(capacity: Self.history)
        signs.initialize(repeating: 0, count: Self.history)
    }

    deinit {
        columns.deallocate()
        magnitudes.deallocate()
        signs.deallocate()
    }
}

/// Where a loop over a tensor's numbers is and what surrounds that place: a value, so that all of it stays in registers.
struct SurroundingsCursor {
    private let columns: UnsafeMutablePointer<UInt32>
    private let magnitudes: UnsafeMutablePointer<UInt32>
    private let signs: UnsafeMutablePointer<UInt8>
    private let rowLength: Int
    private let kernelLength: Int
    private let rowRates = RunningMean.rowRates.base
    private var row: UInt32
    private var whole: UInt32
    private var wholeLevel: Int
    private var place: Int
    private var kernelPlace: Int
    private var number: Int
    /// The last two magnitudes.
    private var last: UInt32
    private var beforeLast: UInt32

    @inline(__always)
    init(_ surroundings: Surroundings) {
        (columns, magnitudes, signs) = (surroundings.columns, surroundings.magnitudes, surroundings.signs)
        (rowLength, kernelLength) = (surroundings.rowLength, surroundings.kernelLength)
        (row, whole, wholeLevel) = (surroundings.row, surroundings.whole, surroundings.wholeLevel)
        (place, kernelPlace, number) = (surroundings.place, surroundings.kernelPlace, surroundings.number)
        last = magnitudes[(number &- 1) & Surroundings.mask]
        beforeLast = magnitudes[(number &- 2) & Surroundings.mask]
    }

    /// Puts back where the loop has come to.
    @inline(__always)
    func store(in surroundings: Surroundings) {
        (surroundings.row, surroundings.whole, surroundings.wholeLevel) = (row, whole, wholeLevel)
        (surroundings.place, surroundings.kernelPlace, surroundings.number) = (place, kernelPlace, number)
    }

    /// The two contexts of the next number, by ``ScaleContext``. Has to be called once before each ``advance(_:isNegative:)``.
    @inline(__always)
    mutating func contexts() -> (scale: Int, near: Int) {
        if place == 0 {
            row = whole
            wholeLevel = ScaleContext.level(whole)
        }
        let column = columns[place]
        let last = place > 0 ? last : row >> 4
        let isInner = kernelLength > 1 && place >= kernelLength
        return ScaleContext.contexts(
            row: row,
            column: column == 0 ? whole : column,
            wholeLevel: wholeLevel,
            last: last,
            beforeLast: place > 1 ? beforeLast : last,
            across: isInner ? magnitudes[(number &- kernelLength) & Surroundings.mask] : last
        )
    }

    /// The context of the next number's sign, 0 to 8: the sign before it in the kernel and that of the kernel before.
    @inline(__always)
    var signContext: Int {
        let left = kernelPlace > 0 ? 1 &+ Int(signs[(number &- 1) & Surroundings.mask]) : 0
        let above = place >= kernelLength ? 1 &+ Int(signs[(number &- kernelLength) & Surroundings.mask]) : 0
        return 3 &* left &+ above
    }

    /// Goes on to the next number.
    /// - Returns: whether it begins a row.
    @inline(__always)
    mutating func advance(_ magnitude: UInt32, isNegative: UInt8) -> Bool {
        magnitudes[number & Surroundings.mask] = magnitude
        signs[number & Surroundings.mask] = isNegative
        (last, beforeLast) = (magnitude, last)
        let seen = magnitude << 4
        row = RunningMean.moved(row, seen, rowRates[min(place, 15)])
        whole = RunningMean.whole(whole, seen)
        columns[place] = RunningMean.column(columns[place], seen, whole: whole)
        number &+= 1
        place &+= 1
        kernelPlace &+= 1
        if kernelPlace == kernelLength { kernelPlace = 0 }
        guard place == rowLength else { return false }
        (place, kernelPlace) = (0, 0)
        return true
    }
}

/// The contexts that follow from what surrounds a number: how large it is likely to be.
enum ScaleContext {
    /// Contexts of one kind.
    static let count = 32

    /// The numbers of the two contexts in which the next number is coded.
    /// - Parameters:
    ///   - row: the mean of the row so far.
    ///   - column: the mean of the place, or of the whole tensor where nothing was seen.
    ///   - wholeLevel: the level of the whole tensor's mean when the row began.
    ///   - last: the magnitude before, and the one before that, and the one of the kernel before.
    @inline(__always)
    static func contexts(
        row: UInt32,
        column: UInt32,
        wholeLevel: Int,
        last: UInt32,
        beforeLast: UInt32,
        across: UInt32
    ) -> (scale: Int, near: Int) {
        let expected = level(row) &+ level(column) &- wholeLevel
        let near = level((2 &* last &+ beforeLast &+ across) &* 4)
        return (context(expected), context(near))
    }

    /// The logarithm of a mean to base 2, in eighths; linear between powers of 2.
    @inline(__always)
    static func level(_ mean: UInt32) -> Int {
        let value = 2 &* mean &+ 9
        let length = 31 &- value.leadingZeroBitCount
        return length &* 8 &+ Int(value >> UInt32(length &- 3) & 7)
    }

    @inline(__always)
    private static func context(_ level: Int) -> Int { min(max(level &- 20, 0) >> 2, count &- 1) }
}

/// How means follow magnitudes.
enum RunningMean {
    /// How far a row's mean moves towards its next number, in units of 2⁻¹⁶: 1 / (place + 2), at least 1 / 16.
    static let rowRates: SharedTable<Int64> = SharedTable((0...15).map { $0 < 15 ? 65_536 / Int64($0 + 2) : 4_096 })

    /// A mean after one more value; the rate is in units of 2⁻¹⁶.
    @inline(__always)
    static func moved(_ mean: UInt32, _ value: UInt32, _ rate: Int64) -> UInt32 {
        UInt32(truncatingIfNeeded: Int64(mean) &+ ((Int64(value) &- Int64(mean)) &* rate) >> 16)
    }

    /// The mean of all numbers after one more.
    @inline(__always)
    static func whole(_ mean: UInt32, _ value: UInt32) -> UInt32 { max(moved(mean, value, 256), 16) }

    /// The mean of a column after one more number; before the first, when it is 0, three parts are the mean of all.
    @inline(__always)
    static func column(_ mean: UInt32, _ value: UInt32, whole: UInt32) -> UInt32 {
        max(mean == 0 ? (3 &* whole &+ value) >> 2 : moved(mean, value, 5_461), 1)
    }
}
