import Tensors

extension Raster<UInt8> {
    /// The luma of an RGB image, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601) in fixed point, as Pillow's `convert("L")`
    /// gives it; a grey image is returned as it is.
    func grey() -> Raster {
        guard channels == 3 else { return self }
        var result: [UInt8] = []
        result.reserveCapacity(width * height)
        for start in stride(from: 0, to: samples.count, by: 3) {
            let sum = 19_595 * Int(samples[start]) + 38_470 * Int(samples[start + 1]) + 7_471 * Int(samples[start + 2])
            result.append(UInt8(truncatingIfNeeded: (sum + 32_768) >> 16))
        }
        return Raster(width: width, height: height, channels: 1, samples: result)
    }
}

extension Raster<Float> {
    /// The luma of an RGB image, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601); a grey image is returned as it is.
    func grey() -> Raster {
        guard channels == 3 else { return self }
        var result: [Float] = []
        result.reserveCapacity(width * height)
        for start in stride(from: 0, to: samples.count, by: 3) {
            result.append(0.299 * samples[start] + 0.587 * samples[start + 1] + 0.114 * samples[start + 2])
        }
        return Raster(width: width, height: height, channels: 1, samples: result)
    }
}
