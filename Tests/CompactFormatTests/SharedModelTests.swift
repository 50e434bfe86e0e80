import CompactFormat
import Foundation
import TestSupport
import Testing

/// Real files: each comes back byte for byte, and is smaller than general compressors make it.
@Suite struct SharedModelTests {
    /// zlib at its highest level, in bytes, of the shared models whose weights are plain float32.
    private static let deflated = [
        "cifar10-resnet20-bn.onnx": 1_017_909, "cifar10-resnet20.onnx": 1_008_490,
        "cifar10-resnet8-keras-nhwc.onnx": 291_124,
        "cifar10-smallcnn-pytorch.onnx": 187_514, "detect-ultraface-rfb-320.onnx": 1_065_596,
        "detect-yunet-n-320.onnx": 279_923, "fashion-cnn-keras-nhwc.onnx": 839_630,
        "fashion-cnn-pytorch.onnx": 3_391_179,
        "imagenet-fdmobilenet-05.onnx": 3_687_335, "imagenet-mobilenetv1-025-keras-nhwc.onnx": 1_744_292,
        "imagenet-mobilenetv2-10-nhwc.onnx": 4_266_679, "imagenet-squeezenet11.onnx": 2_875_860,
        "mnist-lenet-cntk.onnx": 23_438, "ocr-angle-cls-paddle.onnx": 504_072,
        "segment-espnet-cityscapes.onnx": 1_382_173,
    ]
    /// xz at its preset 9, of those that it does well on.
    private static let xz = [
        "cifar10-resnet8-int8-qdq.onnx": 77_376, "imagenet-mobilenetv2-10-nhwc.onnx": 3_222_656,
        "imagenet-squeezenet11.onnx": 2_326_000,
    ]

    @Test(
        .enabled(if: SharedMaterial.isPresent, "../shared is absent"),
        arguments: SharedMaterial.modelNames
    )
    func comesBackAndIsSmall(_ name: String) throws {
        let path = try #require(SharedMaterial.path("models/\(name)"))
        let original = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let packed = try pack(original, threads: 2)
        #expect(try restore(packed, threads: 2) == original)
        if let limit = Self.deflated[name] { #expect(Double(packed.count) < 0.91 * Double(limit)) }
        if let limit = Self.xz[name] { #expect(packed.count < limit) }
        if packed.count < 1 << 20 { #expect(try pack(original, threads: 1) == packed) }
    }

    @Test(
        .enabled(if: SharedMaterial.isPresent, "../shared is absent"),
        arguments: ["light", "onnx-node-tests"]
    )
    func everyFileComesBack(_ folder: String) throws {
        let root = try #require(SharedMaterial.path(folder))
        let files = try FileManager.default.subpathsOfDirectory(atPath: root).filter { $0.hasSuffix(".onnx") }
        #expect(files.count > 2)
        for file in files.sorted() {
            let original = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(root)/\(file)")))
            #expect(try restore(try pack(original)) == original, "\(file)")
        }
    }
}
