import GraphIR
import Tensors

/// The largest element in each cell of a grid over each region of interest. Girshick, Fast R-CNN, 2015.
enum MaxRoiPool: Operator {
    static let schema = OperatorSchema("MaxRoiPool", versions: [1, 22], inputs: 2...2)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let size = try pooledShape(site)
        if let rank = site.shape(0)?.count, rank != 4 {
            throw site.failure(.invalidModel, "an input of rank \(rank), not 4")
        }
        let (count, channels) = (site.shape(1)?.first ?? .unknown, site.shape(0)?[1] ?? .unknown)
        return [TensorType(site.elementType(0), [count, channels] + Shape(sizes: size))]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let size = try pooledShape(site)
        let scale = Double(try site.float("spatial_scale", default: 1))
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let (x, regions) = (try inputs.required(0), try inputs.required(1))
            guard x.shape.count == 4, regions.shape.count == 2, regions.shape[1] == 5 else {
                throw CNNOptError(.invalidModel, "an input of shape \(x.shape), regions of shape \(regions.shape)")
            }
            let shape = [regions.shape[0], x.shape[1]] + size
            try IndexedCopy.check(shape, .float64)
            let (values, rows) = (try x.doubles(), try regions.doubles())
            let (height, width) = (x.shape[2], x.shape[3])
            var result: [Double] = []
            for region in 0..<regions.shape[0] {
                let entry = Array(rows[region * 5..<region * 5 + 5])
                guard let image = Int(exactly: entry[0]), (0..<x.shape[0]).contains(image) else {
                    throw CNNOptError(.invalidData, "a region of image \(entry[0])")
                }
                let vertical = cells(entry[2] * scale, entry[4] * scale, size[0], height)
                let horizontal = cells(entry[1] * scale, entry[3] * scale, size[1], width)
                for channel in 0..<x.shape[1] {
                    let plane = (image * x.shape[1] + channel) * height * width
                    for v in vertical {
                        for h in horizontal {
                            var best = -Double.infinity
                            for row in v { for column in h { best = max(best, values[plane + row * width + column]) } }
                            result.append(v.isEmpty || h.isEmpty ? 0 : best)
                        }
                    }
                }
            }
            return [try TensorData(result, shape: shape).cast(to: x.elementType)]
        }
    }

    /// The elements that each of `count` cells between two coordinates covers.
    private static func cells(_ from: Double, _ to: Double, _ count: Int, _ size: Int) -> [Range<Int>] {
        let start = from.rounded(.toNearestOrAwayFromZero)
        let length = max(to.rounded(.toNearestOrAwayFromZero) - start + 1, 1)
        func clamped(_ place: Double) -> Int { place > 0 ? Int(min(place, Double(size))) : 0 }
        return (0..<count).map { cell in
            let low = clamped((Double(cell) * length / Double(count)).rounded(.down) + start)
            let high = clamped((Double(cell + 1) * length / Double(count)).rounded(.up) + start)
            return low..<max(low, high)
        }
    }

    private static func pooledShape(_ site: OperatorSite) throws(CNNOptError) -> [Int] {
        guard let size = try site.ints("pooled_shape"), size.count == 2,
            size.allSatisfy({ $0 >= 1 && $0 <= 1 << 16 })
        else { throw site.failure(.invalidModel, "attribute 'pooled_shape' does not hold two sizes") }
        return size
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling { .channelAxis(site) }
}
