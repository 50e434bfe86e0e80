import Tensors

/// Where the pixels of a dataset come from.
enum ImageSource: Sendable {
    case array(ImageArray)
    /// Paths of JPEG and PNG files.
    case files([String])
    /// Samples of four axes that are network input already.
    case unchanged(TensorData)

    /// The number of images.
    var count: Int {
        switch self {
        case .array(let array): array.count
        case .files(let paths): paths.count
        case .unchanged(let samples): samples.shape.first ?? 0
        }
    }

    /// Gives back the memory of a mapped file's pages that were read.
    func releasePages() {
        switch self {
        case .array(let array): array.tensor.storage?.releasePages()
        case .files: break
        case .unchanged(let samples): samples.storage?.releasePages()
        }
    }

    /// Channels, height and width that images end with. All images of an array have one size; of files the first one is
    /// decoded where its size matters.
    /// - Throws: `usage` where the preprocessing does not suit the channels.
    func finalShape(_ preprocess: Preprocess) throws(CNNOptError) -> (channels: Int, height: Int, width: Int) {
        let (stored, width, height): (Int, Int, Int)
        switch self {
        case .array(let array): (stored, width, height) = (array.channels, array.width, array.height)
        case .files(let paths):
            guard let path = paths.first else { throw CNNOptError(.invalidData, "there are no images") }
            let first = try ImageFile.decode(path)
            (stored, width, height) = (first.channels, first.width, first.height)
        case .unchanged(let samples):
            // The axes are not told apart: with the layout nchw they stay in this order.
            return (samples.shape[1], samples.shape[2], samples.shape[3])
        }
        let channels = try preprocess.channelCount(stored: stored)
        let size = preprocess.resizedSize(width: width, height: height)
        try checkedPixelCount(width: size.width, height: size.height)
        guard let crop = preprocess.crop else { return (channels, size.height, size.width) }
        try checkCrop(width: crop.width, height: crop.height, fromWidth: size.width, height: size.height)
        return (channels, crop.height, crop.width)
    }

    /// Writes one image as network input of the given shape.
    /// - Throws: `invalidData` naming the file where it is damaged or ends with another size.
    func write(
        _ index: Int,
        _ preprocess: Preprocess,
        shape: (channels: Int, height: Int, width: Int),
        to target: UnsafeMutableRawPointer
    ) throws(CNNOptError) {
        switch self {
        case .array(let array):
            if array.isPixels {
                preprocess.write(try preprocess.shaped(try array.byteImage(index)), to: target)
            } else {
                preprocess.write(try preprocess.shaped(try array.floatImage(index)), to: target)
            }
        case .files(let paths):
            do throws(CNNOptError) {
                let image = try preprocess.shaped(try ImageFile.decode(paths[index]))
                guard (image.channels, image.height, image.width) == shape else {
                    throw CNNOptError(
                        .invalidData,
                        "the image ends with \(image.width)x\(image.height) pixels, "
                            + "others with \(shape.width)x\(shape.height)",
                        remedy: "bring all to one size: --preprocess resize=…,crop=…"
                    )
                }
                preprocess.write(image, to: target)
            } catch {
                throw error.inFile(paths[index])
            }
        case .unchanged(let samples):
            let size = count == 0 ? 0 : samples.byteCount / count
            try samples.withBytes { (bytes) throws(CNNOptError) in
                guard let base = bytes.baseAddress else { return }
                target.copyMemory(from: base + index * size, byteCount: size)
            }
        }
    }
}

extension Preprocess {
    /// The number of channels that images of `stored` channels get.
    /// - Throws: `usage` where `channels`, `mean` or `std` do not suit them.
    func channelCount(stored: Int) throws(CNNOptError) -> Int {
        if let channels, stored != 1, stored != 3 {
            throw CNNOptError(
                .usage,
                "--preprocess: channels=\(channels) needs images of 1 or 3 channels, not \(stored)"
            )
        }
        let count = channels == .grey ? 1 : stored
        for (key, list) in [("mean", mean), ("std", std)] where list.count > 1 && list.count != count {
            throw CNNOptError(
                .usage,
                "--preprocess: \(key) has \(list.count) numbers, the images have \(count) channel\(count == 1 ? "" : "s")",
                remedy: "give one for each channel, or one for all"
            )
        }
        return count
    }

    /// Grey, resize and crop.
    fileprivate func shaped(_ image: Raster<UInt8>) throws(CNNOptError) -> Raster<UInt8> {
        var image = channels == .grey ? image.grey() : image
        let size = resizedSize(width: image.width, height: image.height)
        if resize != nil { image = try image.resized(width: size.width, height: size.height) }
        if let crop { image = try image.croppedAtCentre(width: crop.width, height: crop.height) }
        return image
    }

    /// Grey, resize and crop.
    fileprivate func shaped(_ image: Raster<Float>) throws(CNNOptError) -> Raster<Float> {
        var image = channels == .grey ? image.grey() : image
        let size = resizedSize(width: image.width, height: image.height)
        if resize != nil { image = try image.resized(width: size.width, height: size.height) }
        if let crop { image = try image.croppedAtCentre(width: crop.width, height: crop.height) }
        return image
    }
}
