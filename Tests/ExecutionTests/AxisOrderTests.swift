import Testing

@testable import Execution

/// How tensors lie in memory.
@Suite struct AxisOrderTests {
    @Test func stridesFollowTheOrder() {
        #expect(AxisOrder.rowMajor(4).strides([2, 3, 4, 5]) == [60, 20, 5, 1])
        #expect(AxisOrder.channelsLast(4).strides([2, 3, 4, 5]) == [60, 1, 15, 3])
    }

    @Test(arguments: [
        ([1, 3, 1, 1], true), ([2, 1, 4, 5], true), ([2, 3, 4, 5], false), ([1, 3, 1, 5], false),
    ])
    func axesOfSizeOneMayStandAnywhere(shape: [Int], isSame: Bool) {
        #expect(AxisOrder.rowMajor(4).isSame(as: .channelsLast(4), shape) == isSame)
    }

    @Test func aTransposedTensorKeepsItsPlacesInMemory() {
        // N, H, W, C in memory, seen as N, C, H, W.
        let seen = AxisOrder.rowMajor(4).transposed([0, 3, 1, 2])
        #expect(seen == .channelsLast(4))
        #expect(seen.text() == "NHWC")
    }
}
