import EntropyCoding
import Tensors

extension CompactIndex.Payload {
    /// The flags that say which lists a grid has.
    var gridFlags: UInt32 {
        guard coding == .grid else { return 0 }
        let axis: UInt32 = gridAxis.map { $0 == 0 ? 4 : 8 } ?? 0
        return axis | (shifts.isEmpty ? 0 : 16) | (isDependent ? 32 : 0)
    }

    /// Whether a grid has lists of steps or shifts.
    var hasLists: Bool { gridFlags & 28 != 0 }
}

extension CompactIndex {
    /// The lists of all grids, coded; empty where there are none.
    func gridLists() -> [UInt8] {
        let lists = payloads.filter(\.hasLists).map {
            GridLists(steps: $0.steps, shifts: $0.shifts, kernelLength: $0.kernelLength)
        }
        return lists.isEmpty ? [] : GridLists.encode(lists)
    }
}

/// Collects which payloads have lists, and reads these.
struct GridListReader {
    private var numbers: [Int] = []
    private var sizes: [GridLists.Size] = []
    private var total = 0
    private var next = 0

    /// Takes down what lists a payload has.
    /// - Throws: `invalidModel` where there can be no such lists.
    mutating func note(
        _ payload: inout CompactIndex.Payload,
        _ flags: UInt32,
        _ channels: UInt32
    ) throws(CNNOptError) {
        defer { next += 1 }
        guard payload.coding == .grid else { return }
        payload.isDependent = flags & 32 != 0
        guard flags & 28 != 0 else { return }
        let count = payload.count
        let row = payload.rowLength > 0 ? payload.rowLength : count
        payload.gridAxis = flags & 4 != 0 ? 0 : flags & 8 != 0 ? 1 : nil
        guard row > 0, count % row == 0, flags & 12 != 12 else { throw CompactIndex.broken("a grid without rows") }
        var (steps, places) = (payload.gridAxis == 0 ? count / row : 0, row)
        if payload.gridAxis == 1 {
            steps = Int(channels)
            guard steps > 0, row % steps == 0 else {
                throw CompactIndex.broken("\(steps) steps for rows of \(row) numbers")
            }
            places = count / steps
        }
        let shifts = flags & 16 != 0 ? places : 0
        let (sum, overflow) = total.addingReportingOverflow(steps + shifts)
        guard !overflow else { throw CompactIndex.broken("its lists are too long") }
        total = sum
        numbers.append(next)
        sizes.append(GridLists.Size(steps: steps, shifts: shifts, kernelLength: max(payload.kernelLength, 1)))
    }

    /// Reads the lists of all payloads that have some.
    /// - Throws: `invalidModel` where the bytes are too few for them or are no lists.
    func read(_ bytes: [UInt8], into payloads: inout [CompactIndex.Payload]) throws(CNNOptError) {
        guard !sizes.isEmpty else { return }
        guard CompactFile.mayHold(total, in: bytes.count) else {
            throw CompactIndex.broken("\(total) steps and shifts cannot come of \(bytes.count) bytes")
        }
        guard let lists = GridLists.decode(bytes, sizes) else { throw CompactIndex.broken("a step is no number") }
        for (number, list) in zip(numbers, lists) {
            payloads[number].steps = list.steps
            payloads[number].shifts = list.shifts
        }
    }
}
