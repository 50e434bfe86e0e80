import Tensors
import Testing

@Suite struct SeededGeneratorTests {
    /// The first values of the authors' reference program for seed 1234567.
    @Test func followsThePublishedSequence() {
        var generator = SeededGenerator(seed: 1_234_567)
        #expect(generator.next() == 6_457_827_717_110_365_317)
        #expect(generator.next() == 3_203_168_211_198_807_973)
        #expect(generator.next() == 9_817_491_932_198_370_423)
    }

    @Test func shufflesTheSameWayForOneSeed() {
        var one = Array(0..<100)
        var two = one
        var other = one
        var generator = SeededGenerator(seed: 3)
        generator.shuffle(&one)
        generator = SeededGenerator(seed: 3)
        generator.shuffle(&two)
        generator.shuffle(&other)
        #expect(one == two)
        #expect(one != other)
        #expect(one.sorted() == Array(0..<100))
        #expect(one != Array(0..<100))
    }

    @Test func indicesAreEvenlySpread() {
        var generator = SeededGenerator(seed: 0)
        var seen = [Int](repeating: 0, count: 7)
        for _ in 0..<70_000 { seen[generator.index(below: 7)] += 1 }
        // Five standard deviations of a binomial count of 70,000 draws at 1/7.
        #expect(seen.allSatisfy { abs($0 - 10_000) < 464 })
        #expect(generator.index(below: 0) == 0)
    }

    @Test(arguments: [("rezise", "resize"), ("CROP", "crop"), ("prunr", "prune"), ("qaunt", "quant")])
    func theNearestNameIsFound(_ typed: String, _ expected: String) {
        #expect(nearestName(to: typed, among: ["prune", "quant", "resize", "crop"]) == expected)
        #expect(nearestName(to: "zzzzzzzz", among: ["prune", "quant"]) == nil)
    }
}
