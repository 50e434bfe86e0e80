import Tensors

/// JPEG and PNG files, told apart by their first bytes, not by their names.
enum ImageFile {
    /// Decodes a file to 8-bit RGB.
    /// - Throws: `missingInput`; `invalidData` where it is damaged or neither JPEG nor PNG; `unsupported` for 12-bit JPEG.
    static func decode(_ path: String) throws(CNNOptError) -> Raster<UInt8> {
        let file = try MappedFile(path)
        do throws(CNNOptError) {
            return try file.withBytes { (bytes) throws(CNNOptError) in
                if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return try decodeJPEG(bytes) }
                if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return try decodePNG(bytes) }
                throw CNNOptError(
                    .invalidData,
                    bytes.isEmpty ? "the image file is empty" : "neither a JPEG nor a PNG image"
                ).atByte(0)
            }
        } catch {
            throw error.inFile(path)
        }
    }

    /// Whether a file of this name is taken for an image when a folder is listed.
    static func hasImageName(_ name: String) -> Bool {
        guard !name.hasPrefix("."), let dot = name.lastIndex(of: ".") else { return false }
        return ["jpg", "jpeg", "png"].contains(name[dot...].dropFirst().lowercased())
    }
}
