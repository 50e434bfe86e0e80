import EntropyCoding
import Tensors

/// The paths through the trellis of one row that are still in the running: at most one for each state.
///
/// Each carries the errors that the numbers to come make up for (per-survivor processing: Raheli, Polydoros and Tzou, 1995).
/// Numbers that lie far enough back are decided by the best path; paths that disagree are given up.
final class TrellisPaths {
    struct Path {
        /// D + λR.
        var cost = 0.0
        var distortion = 0.0
        var rates: PathRates.Path
    }

    /// A path that has come one number further.
    struct Arrival {
        var path: Path
        /// The state before.
        var from: Int
        var multiple: Int
        var index: Int
    }

    /// The numbers of a row.
    struct Numbers {
        let errors: UnsafeMutablePointer<Double>
        let multiples: UnsafeMutablePointer<Int32>
        let magnitudes: UnsafeMutablePointer<UInt32>

        init(_ length: Int) {
            errors = .allocate(capacity: length)
            multiples = .allocate(capacity: length)
            magnitudes = .allocate(capacity: length)
            errors.initialize(repeating: 0, count: length)
            multiples.initialize(repeating: 0, count: length)
            magnitudes.initialize(repeating: 0, count: length)
        }

        func deallocate() {
            errors.deallocate()
            multiples.deallocate()
            magnitudes.deallocate()
        }

        @inline(__always)
        fileprivate func take(_ other: Numbers, _ range: Range<Int>) {
            let (from, count) = (range.lowerBound, range.count)
            (errors + from).update(from: other.errors + from, count: count)
            (multiples + from).update(from: other.multiples + from, count: count)
            (magnitudes + from).update(from: other.magnitudes + from, count: count)
        }
    }

    /// By state.
    private(set) var paths: [Path?] = []
    /// What each path holds of the numbers that are not decided.
    private(set) var numbers: [Numbers]
    private var next: [Numbers]
    /// The numbers that are decided, and how many these are.
    let decided: Numbers
    private(set) var decidedCount = 0

    /// - Parameter length: of rows.
    init(_ length: Int) {
        numbers = (0..<DependentTrellis.states).map { _ in Numbers(length) }
        next = (0..<DependentTrellis.states).map { _ in Numbers(length) }
        decided = Numbers(length)
    }

    deinit { for part in numbers + next + [decided] { part.deallocate() } }

    /// Begins a row.
    func start(_ rates: PathRates.Path) {
        paths = [Path?](repeating: nil, count: DependentTrellis.states)
        paths[DependentTrellis.start] = Path(rates: rates)
        decidedCount = 0
    }

    /// The state of the cheapest path.
    var best: Int {
        var (found, least) = (DependentTrellis.start, Double.infinity)
        for (state, path) in paths.enumerated() {
            if let path, path.cost < least { (found, least) = (state, path.cost) }
        }
        return found
    }

    /// Takes the paths with their number at a place, by the states that they have come to.
    func advance(_ arrivals: [Arrival?], place: Int, wanted: Double, step: Double, _ rates: PathRates) {
        for (state, arrival) in arrivals.enumerated() {
            guard let arrival else {
                paths[state] = nil
                continue
            }
            let into = next[state]
            into.take(numbers[arrival.from], decidedCount..<place)
            let magnitude = rates.magnitude(arrival.index)
            into.errors[place] = wanted - Double(arrival.multiple) * step
            into.multiples[place] = Int32(arrival.multiple)
            into.magnitudes[place] = magnitude
            paths[state] = arrival.path
            paths[state]?.rates = rates.after(arrival.path.rates, magnitude, place: place)
        }
        swap(&numbers, &next)
    }

    /// Decides all numbers before a place.
    func decide(before end: Int) {
        let (best, range) = (best, decidedCount..<end)
        decided.take(numbers[best], range)
        for state in paths.indices where state != best && paths[state] != nil {
            let own = numbers[state].multiples
            if range.contains(where: { own[$0] != decided.multiples[$0] }) { paths[state] = nil }
        }
        decidedCount = end
    }
}
