import Tensors

/// The loops of ``RoiAlign``.
struct RegionSampling: Sendable {
    let height: Int
    let width: Int
    /// Places along each axis of one output; 0 takes about one for each input element.
    let ratio: Int
    let scale: Double
    let movesByHalf: Bool
    let takesLargest: Bool

    /// Places along one axis of one output at most.
    static let largestGrid = 1 << 10

    /// - Parameters:
    ///   - x: N × C × H × W.
    ///   - regions: x, y, x, y of two corners for each region.
    ///   - images: the image of each region.
    func run(_ x: TensorData, _ regions: [Double], _ images: [Int], threads: Int) throws(CNNOptError) -> TensorData {
        guard x.shape.count == 4, images.count == regions.count / 4,
            images.allSatisfy({ (0..<x.shape[0]).contains($0) }), !x.shape[2...].contains(0)
        else {
            throw CNNOptError(
                .invalidModel,
                "\(regions.count / 4) regions in \(images.count) images do not fit an input of shape \(x.shape)"
            )
        }
        let shape = [images.count, x.shape[1], height, width]
        try IndexedCopy.check(shape, .float64)
        let (vertical, horizontal) = try axes(regions)
        let wide = try x.cast(to: .float64)
        let (rows, columns, channels) = (x.shape[2], x.shape[3], x.shape[1])
        let result = try wide.withElements(Double.self) { (source) throws(CNNOptError) in
            try TensorData.make(Double.self, shape: shape) { (target) throws(CNNOptError) in
                guard let x = source.baseAddress, let y = target.baseAddress else { return }
                let (from, to) = (SharedReadPointer(x), SharedPointer(y))
                parallelFor(images.count * height, threads: threads) { range in
                    for line in range {
                        let (index, row) = (line / height, line % height)
                        for column in 0..<width {
                            let mixes = mixes(vertical[index], row, rows, horizontal[index], column, columns)
                            for channel in 0..<channels {
                                let plane = from.base + (images[index] * channels + channel) * rows * columns
                                let value = takesLargest ? largest(plane, mixes) : mean(plane, mixes)
                                to.base[((index * channels + channel) * height + row) * width + column] = value
                            }
                        }
                    }
                }
            }
        }
        return try result.cast(to: x.elementType)
    }

    /// Both axes of every region.
    private func axes(_ regions: [Double]) throws(CNNOptError) -> (vertical: [Region], horizontal: [Region]) {
        var (vertical, horizontal): ([Region], [Region]) = ([], [])
        for first in stride(from: 0, to: regions.count, by: 4) {
            vertical.append(try Region(self, from: regions[first + 1], to: regions[first + 3], count: height))
            horizontal.append(try Region(self, from: regions[first], to: regions[first + 2], count: width))
        }
        return (vertical, horizontal)
    }

    /// One axis of a region: where it starts, how far apart outputs are, and how many places each has.
    private struct Region: Sendable {
        let start: Double
        let step: Double
        let grid: Int

        init(_ sampling: RegionSampling, from: Double, to: Double, count: Int) throws(CNNOptError) {
            start = from * sampling.scale - (sampling.movesByHalf ? 0.5 : 0)
            let end = to * sampling.scale - (sampling.movesByHalf ? 0.5 : 0)
            let length = sampling.movesByHalf ? end - start : max(end - start, 1)
            step = length / Double(count)
            guard step.isFinite, start.isFinite, step <= Double(RegionSampling.largestGrid) else {
                throw CNNOptError(.invalidData, "a region from \(from) to \(to)")
            }
            grid = sampling.ratio > 0 ? sampling.ratio : (step > 0 ? Int(step.rounded(.up)) : 0)
        }

        func place(_ index: Int, _ sample: Int) -> Double {
            start + Double(index) * step + (Double(sample) + 0.5) * step / Double(grid)
        }
    }

    /// Four neighbours and their weights for each place of one output; none for places outside.
    private struct Mix {
        var offsets: (Int, Int, Int, Int) = (0, 0, 0, 0)
        var weights: (Double, Double, Double, Double) = (0, 0, 0, 0)
    }

    private func mixes(_ y: Region, _ row: Int, _ rows: Int, _ x: Region, _ column: Int, _ columns: Int) -> [Mix] {
        var mixes: [Mix] = []
        for i in 0..<y.grid {
            for j in 0..<x.grid {
                let (v, h) = (y.place(row, i), x.place(column, j))
                guard v >= -1, v <= Double(rows), h >= -1, h <= Double(columns) else {
                    mixes.append(Mix())
                    continue
                }
                let (top, bottom, down) = Self.neighbours(v, rows)
                let (left, right, along) = Self.neighbours(h, columns)
                mixes.append(
                    Mix(
                        offsets: (
                            top * columns + left, top * columns + right, bottom * columns + left,
                            bottom * columns + right
                        ),
                        weights: (
                            (1 - down) * (1 - along), (1 - down) * along, down * (1 - along), down * along
                        )
                    )
                )
            }
        }
        return mixes
    }

    /// The elements on both sides of a place and how far it is from the first.
    private static func neighbours(_ place: Double, _ size: Int) -> (Int, Int, Double) {
        let inside = max(place, 0)
        let low = Int(inside)
        return low >= size - 1 ? (size - 1, size - 1, 0) : (low, low + 1, inside - Double(low))
    }

    private func mean(_ plane: UnsafePointer<Double>, _ mixes: [Mix]) -> Double {
        var sum = 0.0
        for mix in mixes {
            let (p, w) = (mix.offsets, mix.weights)
            sum += plane[p.0] * w.0 + plane[p.1] * w.1 + plane[p.2] * w.2 + plane[p.3] * w.3
        }
        return sum / Double(max(mixes.count, 1))
    }

    /// The largest weighted neighbour of all places: what the operator's cases and ONNX Runtime take.
    private func largest(_ plane: UnsafePointer<Double>, _ mixes: [Mix]) -> Double {
        var best: Double?
        for mix in mixes {
            let (p, w) = (mix.offsets, mix.weights)
            let value = max(plane[p.0] * w.0, plane[p.1] * w.1, plane[p.2] * w.2, plane[p.3] * w.3)
            best = best.map { max($0, value) } ?? value
        }
        return best ?? 0
    }
}
