import Tensors

/// A decoded image: rows from the top, pixels from the left, the channels of a pixel side by side.
struct Raster<Sample: TensorScalar>: Sendable {
    let width: Int
    let height: Int
    let channels: Int
    let samples: [Sample]
}

/// The largest image that is decoded or made, in pixels: 400 MB of 8-bit RGB.
let largestPixelCount = 1 << 27

/// The number of pixels of an image, checked before memory is taken.
/// - Throws: `invalidData` where there are none or more than ``largestPixelCount``.
@discardableResult
func checkedPixelCount(width: Int, height: Int) throws(CNNOptError) -> Int {
    guard let count = checkedProduct([width, height]), (1...largestPixelCount).contains(count) else {
        throw CNNOptError(.invalidData, "an image of \(width)x\(height) pixels; 1 to \(largestPixelCount) are allowed")
    }
    return count
}

/// - Throws: `invalidData` where a crop is larger than the image.
func checkCrop(width: Int, height: Int, fromWidth: Int, height fromHeight: Int) throws(CNNOptError) {
    guard width <= fromWidth, height <= fromHeight else {
        throw CNNOptError(
            .invalidData,
            "a crop of \(width)x\(height) from an image of \(fromWidth)x\(fromHeight)",
            remedy: "make it larger first: --preprocess resize=…"
        )
    }
}

extension Raster {
    /// The part of the given size around the middle. Where the margins cannot be equal, the left and top one are the even
    /// number next to half the excess, as torchvision's CenterCrop has it.
    /// - Throws: `invalidData` where the image is smaller.
    func croppedAtCentre(width: Int, height: Int) throws(CNNOptError) -> Raster {
        try checkCrop(width: width, height: height, fromWidth: self.width, height: self.height)
        if width == self.width && height == self.height { return self }
        let left = Self.margin(self.width - width)
        let top = Self.margin(self.height - height)
        var result: [Sample] = []
        result.reserveCapacity(width * height * channels)
        for row in top..<top + height {
            let start = (row * self.width + left) * channels
            result.append(contentsOf: samples[start..<start + width * channels])
        }
        return Raster(width: width, height: height, channels: channels, samples: result)
    }

    private static func margin(_ excess: Int) -> Int { Int((Double(excess) / 2).rounded(.toNearestOrEven)) }
}
