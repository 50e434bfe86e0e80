import Foundation
import Tensors

/// Made-up images for networks that come without data: discs of random size, place and colour that cover each other, which
/// have the edges and the falling spectrum of natural images.
///
/// Source: Lee, Mumford, Huang: Occlusion Models for Natural Images, 2001 (dead leaves); Baradad et al.: Learning to See by
/// Looking at Noise, 2021, on their use in place of photographs.
struct SyntheticImages: SampleSource {
    /// How a pixel between 0 and 1 is handed to the network.
    enum Pixels: Sendable {
        /// As networks for photographs mostly want it: mean 0.45 and deviation 0.225 taken out.
        case normalised
        /// 0 to 255.
        case raw

        var scale: Double { self == .raw ? 255 : 1 / 0.225 }
        var offset: Double { self == .raw ? 0 : -0.45 / 0.225 }
        var text: String { self == .raw ? "pixels from 0 to 255" : "pixels of mean 0 and deviation 1" }
    }

    var count: Int
    let labels: [Int]? = nil
    var pixels = Pixels.normalised
    private let shape: [Int]
    private let seed: UInt64
    private let channels: Int
    private let height: Int
    private let width: Int
    private let channelsFirst: Bool

    /// Discs in each image.
    private static let discs = 160

    /// The most images that are made, and the most elements of all of them where that leaves 128 images.
    static let mostImages = 1_024
    static let mostElements = 1 << 24

    /// - Parameter shape: of one sample: channels first or last where one of them is at most 4.
    init(count: Int, shape: [Int], seed: UInt64) {
        self.count = count
        self.shape = shape
        self.seed = seed
        channelsFirst = shape.count != 3 || shape[0] <= 4 || shape[2] > 4
        if shape.count == 3 {
            channels = channelsFirst ? shape[0] : shape[2]
            height = channelsFirst ? shape[1] : shape[0]
            width = channelsFirst ? shape[2] : shape[1]
        } else {
            channels = 1
            height = 1
            width = shape.reduce(1, *)
        }
    }

    func batch(_ samples: Range<Int>, threads: Int) throws(CNNOptError) -> TensorData {
        let size = channels * height * width
        guard checkedProduct(shape) == size, checkedProduct([samples.count, size]) != nil else {
            throw CNNOptError(.invalidModel, "input dimensions \(shape) overflow")
        }
        var values = [Double](repeating: 0, count: samples.count * size)
        for (place, sample) in samples.enumerated() { draw(sample, into: &values, at: place * size) }
        return try TensorData(doubles: values, as: .float32, shape: [samples.count] + shape)
    }

    private func draw(_ sample: Int, into values: inout [Double], at base: Int) {
        var generator = SeededGenerator(seed: seed &+ UInt64(sample) &* 0x9E37_79B9_7F4A_7C15)
        let extent = Double(max(height, width))
        let step = channelsFirst ? 1 : channels
        let plane = channelsFirst ? height * width : 1
        // Colours of one image are alike: a mean, and deviations that all channels share for the most part.
        let (mean, contrast) = (0.25 + 0.5 * generator.uniform(), 0.15 + 0.35 * generator.uniform())
        func colour(_ generator: inout SeededGenerator) -> [Double] {
            let common = generator.normal()
            return (0..<channels).map { _ in
                let value = mean + contrast * (0.85 * common + 0.5 * generator.normal())
                return min(1, max(0, value)) * pixels.scale + pixels.offset
            }
        }
        var tone = colour(&generator)
        for pixel in 0..<height * width {
            for c in 0..<channels { values[base + c * plane + pixel * step] = tone[c] }
        }
        for _ in 0..<Self.discs {
            // Radii fall off with their cube, between a fortieth and a half of the image.
            let (low, high) = (1 / 40.0, 0.5)
            let u = generator.uniform()
            let radius = extent / (1 / (low * low) - u * (1 / (low * low) - 1 / (high * high))).squareRoot()
            let (x, y) = (generator.uniform() * Double(width), generator.uniform() * Double(height))
            tone = colour(&generator)
            let slope = (generator.normal() * 0.1, generator.normal() * 0.1)
            let rows = max(0, Int(y - radius))..<max(0, min(height, Int(y + radius) + 1))
            let columns = max(0, Int(x - radius))..<max(0, min(width, Int(x + radius) + 1))
            for row in rows {
                for column in columns {
                    let (dx, dy) = (Double(column) + 0.5 - x, Double(row) + 0.5 - y)
                    guard dx * dx + dy * dy <= radius * radius else { continue }
                    let shade = (slope.0 * dx + slope.1 * dy) / radius * pixels.scale * 0.225
                    for c in 0..<channels {
                        values[base + c * plane + (row * width + column) * step] = tone[c] + shade
                    }
                }
            }
        }
    }
}
