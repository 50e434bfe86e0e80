import Tensors

/// What kind of file the first bytes tell of.
enum FileKind {
    /// `text` is everything else.
    case npy, npz, gzip, idx, jpeg, png, text

    init(_ bytes: UnsafeRawBufferPointer) {
        let known: [(FileKind, [UInt8])] = [
            // An archive without members starts with its end record.
            (.npy, NPY.magic), (.npz, [0x50, 0x4B, 3, 4]), (.npz, [0x50, 0x4B, 5, 6]), (.gzip, [0x1F, 0x8B]),
            (.idx, [0, 0]), (.jpeg, [0xFF, 0xD8, 0xFF]), (.png, [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]),
        ]
        self = known.first { bytes.starts(with: $0.1) }?.0 ?? .text
    }

    var name: String {
        switch self {
        case .npy: "a .npy file"
        case .npz: "a .npz or zip file"
        case .gzip: "a gzip file"
        case .idx: "an idx file"
        case .jpeg: "a JPEG image"
        case .png: "a PNG image"
        case .text: "a file of unknown kind"
        }
    }
}
