import Tensors

/// The source samples that one target sample is made of, for every target sample along one axis.
///
/// The triangle filter is stretched by the ratio of the sizes when the image shrinks, so that every source sample counts
/// (antialiasing); weights of a window add up to 1.
private struct ResizeWindows {
    let starts: [Int]
    let counts: [Int]
    /// The weights of target sample `i` start at `i * stride`.
    let weights: [Double]
    let stride: Int

    init(from source: Int, to target: Int) {
        let ratio = Double(source) / Double(target)
        let stretch = max(ratio, 1)
        stride = Int(stretch.rounded(.up)) * 2 + 1
        var starts: [Int] = []
        var counts: [Int] = []
        var weights = [Double](repeating: 0, count: target * stride)
        for index in 0..<target {
            let centre = (Double(index) + 0.5) * ratio
            let first = max(Int(centre - stretch + 0.5), 0)
            let end = min(Int(centre + stretch + 0.5), source)
            var total = 0.0
            for position in first..<end {
                let distance = abs((Double(position) - centre + 0.5) * (1 / stretch))
                let weight = distance < 1 ? 1 - distance : 0
                weights[index * stride + position - first] = weight
                total += weight
            }
            if total != 0 {
                for slot in index * stride..<index * stride + end - first { weights[slot] /= total }
            }
            starts.append(first)
            counts.append(end - first)
        }
        self.starts = starts
        self.counts = counts
        self.weights = weights
    }
}

/// How samples of a type are weighted and summed.
private protocol ResizableSample: TensorScalar {
    associatedtype Weight: BitwiseCopyable
    static func weight(_ value: Double) -> Weight
    static var emptySum: Weight { get }
    static func add(_ sum: Weight, _ sample: Self, _ weight: Weight) -> Weight
    static func result(_ sum: Weight) -> Self
}

extension UInt8: ResizableSample {
    /// Fixed point with 22 bits after the point, rounded half up.
    static func weight(_ value: Double) -> Int { Int(value * 4_194_304 + 0.5) }
    static var emptySum: Int { 1 << 21 }
    static func add(_ sum: Int, _ sample: UInt8, _ weight: Int) -> Int { sum &+ Int(sample) &* weight }
    static func result(_ sum: Int) -> UInt8 { UInt8(clamping: sum >> 22) }
}

extension Float: ResizableSample {
    static func weight(_ value: Double) -> Double { value }
    static var emptySum: Double { 0 }
    static func add(_ sum: Double, _ sample: Float, _ weight: Double) -> Double { sum + Double(sample) * weight }
    static func result(_ sum: Double) -> Float { Float(sum) }
}

// The entry points lie beside the generic code: only within one file is it specialised in debug builds.
extension Raster<UInt8> {
    /// The image in another size, bilinear with antialiasing; the same bytes as Pillow's `resize(…, BILINEAR)`.
    func resized(width: Int, height: Int) throws(CNNOptError) -> Raster {
        try resampled(width: width, height: height)
    }
}

extension Raster<Float> {
    /// The image in another size, bilinear with antialiasing; the same numbers as Pillow's on an image of mode `F`.
    func resized(width: Int, height: Int) throws(CNNOptError) -> Raster {
        try resampled(width: width, height: height)
    }
}

extension Raster where Sample: ResizableSample {
    fileprivate func resampled(width: Int, height: Int) throws(CNNOptError) -> Raster {
        try checkedPixelCount(width: width, height: height)
        // Eight-bit results depend on the order, since the sums between the passes are rounded. This is the order that
        // Pillow 13 was observed to take, on 1,500 random pairs of sizes.
        if self.height - height > max(0, 2 * (self.width - width)) {
            try checkedPixelCount(width: self.width, height: height)
            return resampledDown(to: height).resampledAcross(to: width)
        }
        try checkedPixelCount(width: width, height: self.height)
        return resampledAcross(to: width).resampledDown(to: height)
    }

    private func resampledAcross(to target: Int) -> Raster {
        if target == width { return self }
        let windows = ResizeWindows(from: width, to: target)
        let weights = windows.weights.map(Sample.weight)
        let result = [Sample](unsafeUninitializedCapacity: target * height * channels) { out, count in
            samples.withUnsafeBufferPointer { source in
                for row in 0..<height {
                    for column in 0..<target {
                        let first = (row * width + windows.starts[column]) * channels
                        for channel in 0..<channels {
                            var sum = Sample.emptySum
                            for slot in 0..<windows.counts[column] {
                                let sample = source[first + slot * channels + channel]
                                sum = Sample.add(sum, sample, weights[column * windows.stride + slot])
                            }
                            out[(row * target + column) * channels + channel] = Sample.result(sum)
                        }
                    }
                }
            }
            count = target * height * channels
        }
        return Raster(width: target, height: height, channels: channels, samples: result)
    }

    private func resampledDown(to target: Int) -> Raster {
        if target == height { return self }
        let windows = ResizeWindows(from: height, to: target)
        let weights = windows.weights.map(Sample.weight)
        let rowLength = width * channels
        let result = [Sample](unsafeUninitializedCapacity: target * rowLength) { out, count in
            samples.withUnsafeBufferPointer { source in
                var sums = [Sample.Weight](repeating: Sample.emptySum, count: rowLength)
                for row in 0..<target {
                    for column in 0..<rowLength { sums[column] = Sample.emptySum }
                    for slot in 0..<windows.counts[row] {
                        let weight = weights[row * windows.stride + slot]
                        let first = (windows.starts[row] + slot) * rowLength
                        for column in 0..<rowLength {
                            sums[column] = Sample.add(sums[column], source[first + column], weight)
                        }
                    }
                    for column in 0..<rowLength { out[row * rowLength + column] = Sample.result(sums[column]) }
                }
            }
            count = target * rowLength
        }
        return Raster(width: width, height: target, channels: channels, samples: result)
    }
}
