import EntropyCoding
import ONNXFormat
import Tensors

/// Looks at the elements of a payload and chooses how they are coded.
struct PayloadAnalysis {
    /// The payload's entry, without its place in the file.
    private(set) var payload: CompactIndex.Payload
    private(set) var form: NumberForm?
    /// The elements of a payload of variable-length integers.
    private(set) var numbers: [Int64] = []

    /// Elements by which codings are compared.
    private static let sample = 4_096
    /// Elements by which grids are compared.
    private static let gridSample = 8_192
    /// The most different values that a table holds.
    private static let largestTable = 4_096
    /// The fewest bits an element for which the magnitude model is used: below that deflate does as well and bounds what
    /// few bytes can become.
    private static let fewestBits = 0.01

    /// - Parameters:
    ///   - bytes: the payload's bytes, all of it.
    ///   - claim: the grid that the elements are said to lie on.
    init(_ tensor: TensorPayload, _ bytes: UnsafeRawBufferPointer, claim: UniformGrid? = nil) {
        payload = CompactIndex.Payload()
        payload.byteCount = bytes.count
        guard let base = bytes.baseAddress else { return }
        switch tensor.layout {
        case .varints:
            guard let numbers = Varints.decode(bytes) else { return }
            self.numbers = numbers
            payload.element = .varint
            payload.elements = numbers.count
        case .elements(let type):
            payload.element = ElementLayout(type)
            if payload.count == 0 { payload.element = .opaque }
        }
        guard payload.count > 0 else { return }
        setShape(tensor.shape)
        if let claim, take(claim, base) { return }
        let numbers = numbers
        numbers.withUnsafeBytes { numbers in
            choose(payload.element == .varint ? numbers.baseAddress ?? base : base, tensor.shape)
        }
        if let form, !isWorthwhile(form, bytes) { giveUp() }
    }

    /// Takes the grid that was claimed.
    /// - Returns: false, with nothing changed, where an element does not lie on it.
    private mutating func take(_ claim: UniformGrid, _ source: UnsafeRawPointer) -> Bool {
        let count = payload.count
        let fits = claim.rowLength == (payload.rowLength > 0 ? payload.rowLength : count)
        // Sections begin with whole rows, which a trellis needs.
        let isPossible = !claim.isDependent || claim.rowLength <= CompactIndex.Payload.largestPiece
        // Lists hold float32 numbers.
        let isListed = claim.axis == nil || claim.steps.allSatisfy { Double(Float($0)) == $0 && Float($0).isNormal }
        guard payload.element == .float32, fits, isPossible, isListed, claim.fits(count) else { return false }
        var other = self
        // What is next to nothing but zeros is for deflate to say.
        guard other.setGrid(claim, source), other.form != nil,
            Double(count - other.payload.zeros) >= Self.fewestBits * Double(count)
        else { return false }
        self = other
        return true
    }

    /// Says that it is the text of the grid of the payload before.
    static func gridText(_ byteCount: Int) -> PayloadAnalysis {
        var result = PayloadAnalysis()
        (result.payload.byteCount, result.payload.coding) = (byteCount, .gridText)
        return result
    }

    private init() { payload = CompactIndex.Payload() }

    /// Codes the payload as bytes after all.
    mutating func giveUp() {
        form = nil
        numbers = []
        var plain = CompactIndex.Payload()
        (plain.byteCount, plain.element) = (payload.byteCount, payload.element)
        (plain.elements, plain.zeros) = (payload.elements, payload.zeros)
        payload = plain
    }

    /// Says that the payload is the same as an earlier one.
    mutating func copy(_ byteCount: Int, back: Int) {
        payload = CompactIndex.Payload()
        (payload.byteCount, payload.coding, payload.back) = (byteCount, .copy, back)
    }

    /// Says which sections hold the payload.
    mutating func place(section: Int, count: Int) { (payload.section, payload.sectionCount) = (section, count) }

    private mutating func setShape(_ shape: [Int]) {
        let count = payload.count
        guard shape.count > 1, let product = checkedProduct(shape), product == count, shape[0] > 1 else { return }
        payload.rowLength = count / shape[0]
        let kernel = checkedProduct(shape.dropFirst(2)) ?? 1
        if shape.count > 2, (2...MagnitudeLayout.largestKernel).contains(kernel) { payload.kernelLength = kernel }
    }

    private mutating func choose(_ source: UnsafeRawPointer, _ shape: [Int]) {
        let element = payload.element == .varint ? ElementLayout.signed64 : payload.element
        let count = payload.count
        let values = DistinctValues(source, count, element, limit: min(Self.largestTable, count))
        if let fields = element.floatingPoint {
            let field = FloatScan(source, count, element, fields)
            payload.zeros = field.zeros
            let step = values?.step(element)
            let plain = self
            if step == nil, let values, values.words.count * 8 <= count {
                setTable(values.words, element, source)
            } else {
                payload.coding = .floats
                (payload.width, payload.lowest) = (field.form.width, field.form.lowest)
                (payload.hasZeros, payload.zerosHaveSigns) = (field.zeros > 0, field.hasNegativeZeros)
                setClasses(field.classes)
                form = .floats(field.form, element)
            }
            let grids = element == .float32 ? grids(source, shape, step) : []
            if !grids.isEmpty { chooseGrid(grids, source, plain) }
        } else if element != .opaque {
            payload.zeros = (0..<count).reduce(0) { $0 + (NumberForm.pattern(source, $1, element) == 0 ? 1 : 0) }
            if let values, element.bits ?? 0 >= 8, values.isSparse(element), values.words.count * 8 <= count {
                setTable(values.words, element, source)
            } else {
                payload.coding = .integers
                payload.offset = element.isSigned ? 0 : Self.middle(source, count, element)
                setIntegers(.integers(payload.element == .varint ? .signed64 : element, offset: payload.offset), source)
            }
        }
    }

    /// The grids that the elements lie on.
    /// - Parameter step: of which all are multiples.
    private func grids(_ source: UnsafeRawPointer, _ shape: [Int], _ step: Double?) -> [UniformGrid] {
        var found: [UniformGrid] = []
        let count = payload.count
        if let step {
            found.append(UniformGrid(steps: [step], rowLength: payload.rowLength > 0 ? payload.rowLength : count))
        }
        var shifted = found
        if checkedProduct(shape) == count, shape.count > 1 {
            for axis in [0, 1] {
                guard let grid = SliceGridSearch.grid(source, count, shape, axis: axis) else { continue }
                shifted.append(grid)
                // A step that serves all needs no list.
                if step == nil || !grid.steps.allSatisfy({ $0 == grid.steps[0] }) { found.append(grid) }
            }
        }
        return found + shifted.compactMap { GridShiftSearch.shifted($0, source, count) }
    }

    /// Takes the coding that makes the fewest bits of the first elements, lists included: the present one or a grid.
    /// - Parameter plain: the analysis before a coding was chosen.
    private mutating func chooseGrid(_ grids: [UniformGrid], _ source: UnsafeRawPointer, _ plain: PayloadAnalysis) {
        var best = form.map { bits($0, source, most: Self.gridSample) } ?? .infinity
        best += Double(8 * payload.table.count)
        for grid in grids {
            var other = plain
            guard other.setGrid(grid, source), let form = other.form else { continue }
            let lists = GridLists(
                steps: other.payload.steps,
                shifts: other.payload.shifts,
                kernelLength: other.payload.kernelLength
            )
            let cost =
                other.bits(form, source, most: Self.gridSample)
                + Double(8 * (!other.payload.hasLists ? 8 : GridLists.encode([lists]).count))
            if cost < best { (best, self) = (cost, other) }
        }
    }

    /// - Returns: whether all elements lie on it.
    private mutating func setGrid(_ grid: UniformGrid, _ source: UnsafeRawPointer) -> Bool {
        payload.coding = .grid
        payload.gridAxis = grid.axis
        if grid.axis == nil { payload.step = grid.steps[0] } else { payload.steps = grid.steps.map { Float($0) } }
        (payload.shifts, payload.isDependent) = (grid.shifts, grid.isDependent)
        return setIntegers(.grid(grid), source)
    }

    private mutating func setTable(_ words: [UInt64], _ element: ElementLayout, _ source: UnsafeRawPointer) {
        payload.coding = .table
        payload.table = CompactIndex.Payload.table(words, (element.bits ?? 8) / 8)
        // Zero, or the smallest number that is not negative, is the place from which the others count.
        payload.offset = Int64(words.firstIndex { NumberForm.order($0, element) >= 0 } ?? 0)
        setIntegers(.table(words, element, offset: payload.offset), source)
    }

    /// Finds what the models have to know of integers.
    /// - Returns: whether the form gives all elements back.
    @discardableResult
    private mutating func setIntegers(_ form: NumberForm, _ source: UnsafeRawPointer) -> Bool {
        self.form = form
        let batch = MagnitudeBatch(capacity: NumberForm.batch)
        var classes = [Int](repeating: 0, count: 65)
        var negative = 0
        var state = DependentTrellis.start
        for first in stride(from: 0, to: payload.count, by: NumberForm.batch) {
            let count = min(NumberForm.batch, payload.count - first)
            guard form.take(source, first: first, count: count, into: batch, state: &state) else { return false }
            for index in 0..<count {
                let value = batch.integers[index]
                classes[Int64.bitWidth - value.magnitude.leadingZeroBitCount] += 1
                negative += value < 0 ? 1 : 0
            }
        }
        // Signs of kernels resemble each other. Others cost next to nothing less than a bit where they are even.
        let signed = payload.count - classes[0]
        payload.hasRawSigns = payload.kernelLength == 1 && abs(2 * negative - signed) * 16 <= signed
        if form.isGrid {
            payload.zeros = classes[0]
            payload.top = TokenLayout.typicalLength(classes)
            return true
        }
        payload.hasZeros = MagnitudeLayout.tellsZeros(classes[0], of: payload.count)
        if payload.hasZeros { classes[0] = 0 }
        setClasses(classes)
        if payload.top > CompactIndex.Payload.longestInteger { giveUp() }
        return true
    }

    /// Sets the highest class and the middle one of a histogram.
    private mutating func setClasses(_ classes: [Int]) {
        payload.top = classes.lastIndex { $0 > 0 } ?? 0
        payload.middle = MagnitudeLayout.middle(classes, top: payload.top)
    }

    /// A middle value of unsigned elements.
    private static func middle(_ source: UnsafeRawPointer, _ count: Int, _ element: ElementLayout) -> Int64 {
        let step = max(count / 1_023, 1)
        let some = stride(from: 0, to: count, by: step).map { NumberForm.integer(source, $0, element) }.sorted()
        return some[some.count / 2]
    }

    /// Whether the magnitude model makes less of the first elements than deflate, and more than next to nothing.
    private func isWorthwhile(_ form: NumberForm, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let count = min(payload.count, Self.sample)
        let bits = numbers.withUnsafeBytes { numbers in
            let own = payload.element == .varint ? numbers.baseAddress : bytes.baseAddress
            return own.map { self.bits(form, $0, most: count) } ?? 0
        }
        guard bits >= Self.fewestBits * Double(payload.count) else { return false }
        let head = UnsafeRawBufferPointer(rebasing: bytes.prefix(bytes.count * count / payload.count))
        let deflated = Double(ByteCoding.deflate(head, level: 6).count) * Double(payload.count) / Double(count)
        // The model has learned little from so few elements; where deflate is for good, it is far ahead.
        return 0.9 * bits + Double(8 * payload.table.count) * Double(payload.count) / Double(count) < 8 * deflated
    }

    /// What the magnitude model makes of all elements, in bits, judged by the first.
    private func bits(_ form: NumberForm, _ source: UnsafeRawPointer, most: Int) -> Double {
        let count = min(payload.count, most)
        let batch = MagnitudeBatch(capacity: NumberForm.batch)
        let numbers = NumberModels(modelledBits: 3).begin(payload.layout(form))
        var counter = BitCounter()
        var state = DependentTrellis.start
        for first in stride(from: 0, to: count, by: NumberForm.batch) {
            let part = min(NumberForm.batch, count - first)
            form.take(source, first: first, count: part, into: batch, state: &state)
            numbers.code(part, of: batch, with: &counter)
        }
        return counter.bits * Double(payload.count) / Double(count)
    }
}

extension ElementLayout {
    init(_ type: ElementType) {
        self =
            switch type {
            case .float32, .complex64: .float32
            case .float64, .complex128: .float64
            case .float16: .float16
            case .bfloat16: .bfloat16
            case .uint8, .bool, .float8E4M3FN, .float8E4M3FNUZ, .float8E5M2, .float8E5M2FNUZ, .float8E8M0: .unsigned8
            case .int8: .signed8
            case .uint16: .unsigned16
            case .int16: .signed16
            case .uint32: .unsigned32
            case .int32: .signed32
            case .uint64: .unsigned64
            case .int64: .signed64
            case .uint4, .float4E2M1: .unsigned4
            case .int4: .signed4
            case .string, .uint2, .int2, .float6E2M3, .float6E3M2: .opaque
            }
    }
}
