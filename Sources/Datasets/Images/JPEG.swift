import CTurboJPEG
import Tensors

/// Decodes a JPEG file in memory with the exact inverse transform and smooth chroma upsampling, libjpeg's defaults. Grey is
/// repeated, CMYK becomes RGB without a colour profile; the orientation that a camera noted is not applied.
/// - Throws: `invalidData` where it is damaged or ends early; `unsupported` for 12-bit and lossless files.
func decodeJPEG(_ bytes: UnsafeRawBufferPointer) throws(CNNOptError) -> Raster<UInt8> {
    guard let decoder = tjInitDecompress() else { throw CNNOptError(.inputOutput, "TurboJPEG could not start") }
    defer { tjDestroy(decoder) }
    let data = bytes.bindMemory(to: UInt8.self).baseAddress
    let length = UInt(bytes.count)
    var (width, height, subsampling, colours): (Int32, Int32, Int32, Int32) = (0, 0, -1, -1)
    // It fails for rare subsamplings that can be decoded all the same, with the size and the colours already known.
    if tjDecompressHeader3(decoder, data, length, &width, &height, &subsampling, &colours) != 0,
        width < 1 || height < 1 || colours < 0
    {
        throw jpegFailure(decoder)
    }
    let pixels = try checkedPixelCount(width: Int(width), height: Int(height))
    let isCMYK = colours == TJCS_CMYK.rawValue || colours == TJCS_YCCK.rawValue
    let stored = isCMYK ? 4 : 3
    var isWhole = false
    let samples = [UInt8](unsafeUninitializedCapacity: pixels * stored) { out, initialized in
        let status = tjDecompress2(
            decoder,
            data,
            length,
            out.baseAddress,
            width,
            width * Int32(stored),
            height,
            isCMYK ? TJPF_CMYK.rawValue : TJPF_RGB.rawValue,
            TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS
        )
        isWhole = status == 0 || hasOnlyLeftovers(decoder)
        if isCMYK, isWhole { convertToRGB(out, pixels: pixels) }
        initialized = isWhole ? pixels * 3 : 0
    }
    guard isWhole else { throw jpegFailure(decoder) }
    return Raster(width: Int(width), height: Int(height), channels: 3, samples: samples)
}

/// Packs CMYK pixels to RGB in place. Such files hold inverted inks, as Adobe's programs write them and as all readers,
/// Pillow among them, take for granted: what is stored is the light that each ink lets through, and light is multiplied.
private func convertToRGB(_ samples: UnsafeMutableBufferPointer<UInt8>, pixels: Int) {
    for pixel in 0..<pixels {
        let black = Int(samples[pixel * 4 + 3])
        for channel in 0..<3 {
            samples[pixel * 3 + channel] = UInt8((Int(samples[pixel * 4 + channel]) * black + 127) / 255)
        }
    }
}

/// Whether all that went wrong is that bytes lay between the last pixels and the end marker, as some cameras write them. Other
/// warnings mean that pixels were guessed: the end is missing or the codes are broken. The message is that of the first.
private func hasOnlyLeftovers(_ decoder: tjhandle) -> Bool {
    tjGetErrorCode(decoder) == Int32(bitPattern: TJERR_WARNING.rawValue)
        && String(cString: tjGetErrorStr2(decoder)).contains("extraneous bytes before marker 0xd9")
}

private func jpegFailure(_ decoder: tjhandle) -> CNNOptError {
    let reason = String(cString: tjGetErrorStr2(decoder))
    if reason.contains("nsupported") {
        return CNNOptError(.unsupported, "the JPEG image cannot be decoded: \(reason)", remedy: "save it with 8 bits")
    }
    return CNNOptError(.invalidData, "the JPEG image is damaged: \(reason)")
}
