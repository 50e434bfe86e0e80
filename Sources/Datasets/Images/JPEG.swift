import CTurboJPEG
import Tensors

/// Decodes a JPEG file in memory with the exact inverse transform and smooth chroma upsampling, libjpeg's defaults. Grey is
/// repeated; the orientation that a camera noted is not applied.
/// - Throws: `invalidData` where it is damaged or ends early; `unsupported` for CMYK.
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
    guard colours != TJCS_CMYK.rawValue, colours != TJCS_YCCK.rawValue else {
        throw CNNOptError(.unsupported, "a CMYK image, meant for print", remedy: "convert it to RGB")
    }
    let count = try checkedPixelCount(width: Int(width), height: Int(height)) * 3
    var isWhole = false
    let samples = [UInt8](unsafeUninitializedCapacity: count) { out, initialized in
        let status = tjDecompress2(
            decoder,
            data,
            length,
            out.baseAddress,
            width,
            width * 3,
            height,
            TJPF_RGB.rawValue,
            TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS
        )
        isWhole = status == 0 || hasOnlyLeftovers(decoder)
        initialized = isWhole ? count : 0
    }
    guard isWhole else { throw jpegFailure(decoder) }
    return Raster(width: Int(width), height: Int(height), channels: 3, samples: samples)
}

/// Whether all that went wrong is that bytes lay between the last pixels and the end marker, as some cameras write them. Other
/// warnings mean that pixels were guessed: the end is missing or the codes are broken. The message is that of the first.
private func hasOnlyLeftovers(_ decoder: tjhandle) -> Bool {
    tjGetErrorCode(decoder) == Int32(bitPattern: TJERR_WARNING.rawValue)
        && String(cString: tjGetErrorStr2(decoder)).contains("extraneous bytes before marker 0xd9")
}

private func jpegFailure(_ decoder: tjhandle) -> CNNOptError {
    CNNOptError(.invalidData, "the JPEG image is damaged: \(String(cString: tjGetErrorStr2(decoder)))")
}
