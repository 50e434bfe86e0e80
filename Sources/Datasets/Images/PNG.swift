import CPNGReader
import Tensors

/// Decodes a PNG file in memory. Grey is repeated, palettes are looked up, the upper byte of 16-bit samples is taken,
/// transparency is dropped, profiles and gamma are ignored: what Pillow's `convert("RGB")` gives for 8-bit files.
/// - Throws: `invalidData` where it is damaged or ends early.
func decodePNG(_ bytes: UnsafeRawBufferPointer) throws(CNNOptError) -> Raster<UInt8> {
    let data = bytes.bindMemory(to: UInt8.self).baseAddress
    var width: UInt32 = 0
    var height: UInt32 = 0
    var message = [CChar](repeating: 0, count: CNNOPT_PNG_MESSAGE_BYTES)
    guard cnnopt_png_size(data, bytes.count, &width, &height, &message) == 0 else { throw pngFailure(message) }
    let count = try checkedPixelCount(width: Int(width), height: Int(height)) * 3
    var status: Int32 = 0
    let samples = [UInt8](unsafeUninitializedCapacity: count) { out, initialized in
        status = cnnopt_png_rgb(data, bytes.count, width, height, out.baseAddress, &message)
        initialized = status == 0 ? count : 0
    }
    guard status == 0 else { throw pngFailure(message) }
    return Raster(width: Int(width), height: Int(height), channels: 3, samples: samples)
}

private func pngFailure(_ message: [CChar]) -> CNNOptError {
    let reason = String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return CNNOptError(.invalidData, "the PNG image is damaged: \(reason)")
}
