import GraphIR
import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The triangles that sum a spectrum into bands that are even on the mel scale: spectrum bins × bands.
enum MelWeightMatrix: Operator {
    static let schema = OperatorSchema("MelWeightMatrix", versions: [17], inputs: 5...5)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let bands = site.integers(0)?.first.map { Dimension.known($0) } ?? .unknown
        let bins = site.integers(1)?.first.map { Dimension.known($0 / 2 + 1) } ?? .unknown
        return [TensorType(try site.outputDataType(), [bins, bands])]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let type = try site.outputDataType()
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let sizes = try inputs.requiredIntegers(0) + inputs.requiredIntegers(1) + inputs.requiredIntegers(2)
            let edges = try inputs.required(3).doubles() + inputs.required(4).doubles()
            guard sizes.count == 3, edges.count == 2, sizes.allSatisfy({ $0 >= 1 && $0 <= Windows.limit }) else {
                throw CNNOptError(.invalidModel, "bands, length and rate \(sizes), edges \(edges)")
            }
            let (bands, length, rate) = (sizes[0], sizes[1], sizes[2])
            let shape = [length / 2 + 1, bands]
            try IndexedCopy.check(shape, .float64)
            let points = try self.points(edges, bands: bands, length: length, rate: rate)
            let matrix = try TensorData.make(Double.self, shape: shape) { (target) throws(CNNOptError) in
                for band in 0..<bands {
                    let (left, centre, right) = (points[band], points[band + 1], points[band + 2])
                    if left == centre { target[centre * bands + band] = 1 }
                    for bin in left..<max(centre, left) {
                        target[bin * bands + band] = Double(bin - left) / Double(centre - left)
                    }
                    for bin in centre..<max(right, centre) {
                        target[bin * bands + band] = Double(right - bin) / Double(right - centre)
                    }
                    if left < centre { target[centre * bands + band] = 1 }
                }
            }
            return [try matrix.cast(to: type)]
        }
    }

    /// The spectrum bins where bands begin, peak and end.
    private static func points(_ edges: [Double], bands: Int, length: Int, rate: Int) throws(CNNOptError) -> [Int] {
        let (low, high) = (2595 * log10(1 + edges[0] / 700), 2595 * log10(1 + edges[1] / 700))
        let step = (high - low) / Double(bands + 2)
        var points: [Int] = []
        for index in 0..<bands + 2 {
            let hertz = 700 * (pow(10, (Double(index) * step + low) / 2595) - 1)
            let bin = (Double(length + 1) * hertz / Double(rate)).rounded(.down)
            guard bin >= Double(points.last ?? 0), bin <= Double(length / 2) else {
                throw CNNOptError(.invalidModel, "edges of \(edges[0]) and \(edges[1]) at \(rate) samples a second")
            }
            points.append(Int(bin))
        }
        return points
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its size is computed")
    }
}
