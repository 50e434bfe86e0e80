/// The versions of the file format itself.
package enum IRVersion {
    /// The IR version of the ONNX release that brought a version of the default operator set (docs/Versioning.md of ONNX).
    private static let byOpset: [(opset: Int, version: Int)] = [
        (8, 3), (9, 4), (10, 5), (11, 6), (14, 7), (18, 8), (20, 9), (22, 10), (23, 11), (24, 12), (27, 13),
        (newestOpset, 14),
    ]

    /// The newest version of the default operator set that this build knows.
    static let newestOpset = 28

    /// The lowest IR version that a model of this operator set may have; nil for sets that this build does not know.
    package static func needed(forOpset opset: Int) -> Int? { byOpset.first { opset <= $0.opset }?.version }
}
