import Datasets
import Foundation
import GraphIR
import ONNXFormat
import Tensors
import TestSupport
import Testing

@Suite struct DataFormTests {
    /// The sample's test images as an idx file, a folder of batches and a folder of single samples give what its `.npy` gives.
    @Test func everyFormOfTheSameImagesGivesTheSameFigures() throws {
        let images = try NPY.read(Material.path(Material.images))
        let labels = try NPY.read(Material.path(Material.labels))
        let count = images.shape[0]
        try withTemporaryFolder { folder in
            let idx = folder.appendingPathComponent("images-idx4-ubyte")
            try self.idx(images).write(to: idx)
            let idxLabels = folder.appendingPathComponent("labels-idx1-ubyte")
            try self.idx(try labels.cast(to: .uint8)).write(to: idxLabels)
            let pixels = try images.array(of: UInt8.self)
            let size = pixels.count / count
            for (name, width) in [("single", 1), ("batches", 100)] {
                let target = folder.appendingPathComponent(name)
                try FileManager.default.createDirectory(at: target, withIntermediateDirectories: false)
                for start in stride(from: 0, to: count, by: width) {
                    let end = min(start + width, count)
                    let shape = (width == 1 ? [] : [end - start]) + images.shape.dropFirst()
                    let sample = try TensorData(Array(pixels[start * size..<end * size]), shape: shape)
                    let number = String(format: "input_%05d.pb", start)
                    try TensorProtoFile.write(
                        Constant(name: "input", sample),
                        to: target.appendingPathComponent(number).path
                    )
                }
            }
            let whole = try figures(Material.images, Material.labels)
            #expect(whole.contains("top1"))
            for (data, labels) in [
                (idx.path, idxLabels.path), (folder.path + "/single", Material.labels),
                (folder.path + "/batches", idxLabels.path),
            ] {
                #expect(try figures(data, labels) == whole, "\(data)")
            }
        }
    }

    private func figures(_ data: String, _ labels: String) throws -> String {
        let options = ["--data", data, "--labels", labels, "--preprocess", "scale=1/255", "--json"]
        let result = try cnnopt(["validate", Material.sample, Material.sample] + options)
        #expect(result.status == 0, "\(result.errors)")
        return result.output
    }

    private func idx(_ tensor: TensorData) throws -> Data {
        var out = Data([0, 0, 8, UInt8(tensor.shape.count)])
        for size in tensor.shape { withUnsafeBytes(of: UInt32(size).bigEndian) { out.append(contentsOf: $0) } }
        return out + Data(try tensor.array(of: UInt8.self))
    }
}
