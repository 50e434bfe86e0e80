import CKernels
import Tensors
import Testing

@Suite struct CopyTests {
    /// Sizes of what is written, where both sides begin, and their strides.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let sizes: [Int], from: [Int], to: [Int]
        var fromBase = 0, toBase = 0

        /// A dense tensor with its axes in another order.
        static func permuted(_ source: [Int], _ order: [Int]) -> Case {
            let strides = denseStrides(source), sizes = order.map { source[$0] }
            return Case(
                testDescription: "\(source) by \(order)",
                sizes: sizes,
                from: order.map { strides[$0] },
                to: denseStrides(sizes)
            )
        }

        func extent(_ strides: [Int], _ base: Int) -> Int {
            zip(sizes, strides).reduce(base + 1) { $0 + max(0, ($1.0 - 1) * $1.1) }
        }
    }

    static let toPixels = [1, 2, 3, 4, 5, 8, 13, 16, 24, 33, 64, 100].flatMap { channels in
        [Case.permuted([2, channels, 9, 11], [0, 2, 3, 1]), Case.permuted([2, 9, 11, channels], [0, 3, 1, 2])]
    }

    static let cases =
        toPixels + [
            .permuted([40, 510], [1, 0]), .permuted([510, 40], [1, 0]), .permuted([3, 5000], [1, 0]),
            .permuted([5000, 3], [1, 0]), .permuted([600, 49], [1, 0]), .permuted([49, 600], [1, 0]),
            .permuted([3, 4, 5, 6], [3, 2, 1, 0]), .permuted([7, 2, 19, 3], [2, 0, 3, 1]),
            .permuted([2, 40, 30], [1, 0, 2]),
            .permuted([13000], [0]), .permuted([1, 1, 1], [2, 1, 0]), .permuted([], []),
            Case(testDescription: "every second row", sizes: [40, 300], from: [600, 1], to: [300, 1]),
            Case(testDescription: "every third element", sizes: [5, 7], from: [21, 3], to: [7, 1]),
            Case(testDescription: "backwards", sizes: [3, 50], from: [50, -1], to: [50, 1], fromBase: 49),
            Case(testDescription: "part of the channels", sizes: [600, 21], from: [21, 1], to: [64, 1], toBase: 17),
            Case(testDescription: "one channel of many", sizes: [600], from: [1], to: [5], toBase: 3),
            Case(testDescription: "repeated rows", sizes: [30, 17], from: [0, 1], to: [17, 1]),
            Case(testDescription: "repeated elements", sizes: [30, 900], from: [1, 0], to: [900, 1]),
            Case(testDescription: "nothing", sizes: [3, 0, 5], from: [0, 5, 1], to: [0, 5, 1]),
        ]

    @Test(arguments: cases, [1, 2, 4, 8])
    func everyElementArrives(_ tested: Case, _ width: Int) {
        var random = SeededGenerator(seed: 1)
        let source = random.bytes(tested.extent(tested.from, tested.fromBase) * width)
        let untouched = [UInt8](repeating: 0x5A, count: tested.extent(tested.to, tested.toBase) * width)
        var expected = untouched
        let targets = places(tested.sizes, tested.to, from: tested.toBase)
        for (from, to) in zip(places(tested.sizes, tested.from, from: tested.fromBase), targets) {
            for byte in 0..<width { expected[to * width + byte] = source[from * width + byte] }
        }
        let walk = makeWalk(tested.sizes, from: tested.from, to: tested.to)
        for way in Way.all {
            var target = untouched
            source.withUnsafeBytes { from in
                target.withUnsafeMutableBytes { to in
                    guard let first = from.baseAddress, let begin = to.baseAddress else { return }
                    way.run { threads in
                        withUnsafePointer(to: walk) {
                            ck_copy(
                                first + tested.fromBase * width,
                                begin + tested.toBase * width,
                                Int32(width),
                                $0,
                                threads
                            )
                        }
                    }
                }
            }
            #expect(target == expected, "\(way.testDescription)")
        }
    }

    @Test(arguments: [1, 2, 4, 8])
    func aValueFillsItsPlaces(_ width: Int) {
        let value = Array([1, 2, 3, 4, 5, 6, 7, 8].map { UInt8($0) }.prefix(width))
        let walk = makeWalk([30, 70, 5], from: [9, 9, 9], to: [70 * 8, 8, 1])
        let untouched = [UInt8](repeating: 0x5A, count: 30 * 70 * 8 * width)
        var expected = untouched
        for to in places([30, 70, 5], [70 * 8, 8, 1]) {
            for byte in 0..<width { expected[to * width + byte] = value[byte] }
        }
        for way in Way.all {
            var target = untouched
            way.run { threads in withUnsafePointer(to: walk) { ck_fill(&target, Int32(width), value, $0, threads) } }
            #expect(target == expected, "\(way.testDescription)")
        }
    }
}
