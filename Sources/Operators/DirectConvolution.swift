import Tensors

/// Convolution of floats without gathering patches: each image is copied once into a padded buffer whose columns are sorted by
/// their remainder under the stride, so that the taps of neighbouring outputs are neighbours in memory; then tiles of output
/// channels × output columns are summed in registers.
struct DirectConvolution: Sendable {
    private let geometry: ConvolutionGeometry
    /// The last three spatial axes, with axes of size 1 in front where there are fewer.
    private let depth: Windows.Axis
    private let height: Windows.Axis
    private let width: Windows.Axis
    /// Remainders of tap columns under the column stride that occur, ascending; one strip of columns for each.
    private let phases: [Int]
    private let stripWidth: Int
    private let rowPitch: Int
    private let rows: Int
    private let slices: Int
    /// Elements of one padded channel.
    private let channelPitch: Int
    /// Where each product's right operand lies relative to the output's row and column: input channel by input channel, tap by tap.
    private let offsets: [Int]

    /// Output columns that are summed for all channels before going on, so that their inputs stay in the cache.
    private static let chunk = 64

    /// nil where the rank is above 3 or there is nothing to sum: the definition's loops do.
    /// - Throws: `invalidModel` where the padded image overflows.
    init?(_ geometry: ConvolutionGeometry) throws(CNNOptError) {
        guard geometry.axes.count <= 3, geometry.inputChannels > 0, geometry.outputChannels > 0,
            geometry.batch > 0, geometry.axes.allSatisfy({ $0.output > 0 })
        else {
            return nil
        }
        self.geometry = geometry
        let one = Windows.Axis(input: 1, kernel: 1, stride: 1, dilation: 1, padBegin: 0, padEnd: 0, output: 1)
        var axes = [Windows.Axis](repeating: one, count: 3 - geometry.axes.count) + geometry.axes
        if axes.allSatisfy({ $0.kernel == 1 && $0.stride == 1 && $0.padBegin == 0 && $0.padEnd == 0 }) {
            // One tap and no padding: the image is one long row.
            var row = one
            row.input = axes.reduce(1) { $0 * $1.input }
            row.output = row.input
            axes = [one, one, row]
        }
        (depth, height, width) = (axes[0], axes[1], axes[2])
        let width = self.width
        let taps = (0..<width.kernel).map { $0 * width.dilation }
        let phases = Set(taps.map { $0 % width.stride }).sorted()
        self.phases = phases
        stripWidth = width.output + (taps.last ?? 0) / width.stride
        func span(_ axis: Windows.Axis) -> Int {
            (axis.output - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1
        }
        rows = span(height)
        slices = span(depth)
        guard let pitch = checkedProduct([stripWidth, phases.count]),
            let channel = checkedProduct([pitch, rows, slices]),
            checkedProduct([channel, max(geometry.inputChannels, 1), 8]) != nil,
            let products = checkedProduct([geometry.inputChannels] + axes.map(\.kernel)), products < 1 << 32
        else { throw CNNOptError(.invalidModel, "the padded image of a convolution overflows") }
        rowPitch = pitch
        channelPitch = channel
        var offsets: [Int] = []
        offsets.reserveCapacity(products)
        for c in 0..<geometry.inputChannels {
            for d in 0..<axes[0].kernel {
                for h in 0..<axes[1].kernel {
                    let row = d * axes[0].dilation * rows + h * axes[1].dilation
                    for tap in taps {
                        let strip = phases.firstIndex(of: tap % width.stride) ?? 0
                        offsets.append(c * channel + row * pitch + strip * stripWidth + tap / width.stride)
                    }
                }
            }
        }
        self.offsets = offsets
    }

    /// Elements of one group's padded image, with room for tiles that read beyond its end.
    private var imageCount: Int { geometry.inputChannels * channelPitch + 2 * ProductTile.columns }

    func run(_ x: TensorData, _ w: TensorData, _ bias: TensorData?, threads: Int) throws(CNNOptError) -> TensorData {
        let images = geometry.batch * geometry.groups
        let byImage = images >= threads
        let parts = byImage ? max(threads, 1) : 1
        var scratch = try TensorData(zeros: .float32, shape: [parts, imageCount])
        let packed = try packedWeights(w)
        let start = try paddedBias(bias)
        return try x.withElements(Float.self) { (source) throws(CNNOptError) in
            try packed.withElements(Float.self) { (weights) throws(CNNOptError) in
                try scratch.withMutableElements(Float.self) { (padded) throws(CNNOptError) in
                    try TensorData.make(Float.self, shape: geometry.outputShape) { (target) throws(CNNOptError) in
                        guard let x = source.baseAddress, let w = weights.baseAddress, let y = target.baseAddress,
                            let p = padded.baseAddress
                        else { return }
                        let work = Work(
                            source: SharedReadPointer(x),
                            weights: SharedReadPointer(w),
                            start: start,
                            padded: SharedPointer(p),
                            target: SharedPointer(y)
                        )
                        if byImage {
                            parallelFor(parts, threads: parts) { range in
                                for part in range {
                                    runImages(part * images / parts..<(part + 1) * images / parts, part, work)
                                }
                            }
                        } else {
                            for image in 0..<images { runOne(image, work, threads) }
                        }
                    }
                }
            }
        }
    }

    private struct Work: Sendable {
        let source: SharedReadPointer<Float>
        let weights: SharedReadPointer<Float>
        let start: [Float]
        let padded: SharedPointer<Float>
        let target: SharedPointer<Float>
    }

    /// Images (one group each) one after the other on this thread, in the thread's own buffer.
    private func runImages(_ images: Range<Int>, _ part: Int, _ work: Work) {
        let buffer = work.padded.base + part * imageCount
        for image in images {
            pad(0..<geometry.inputChannels, of: image, work.source.base, into: buffer)
            multiply(0..<blockCount, of: image, work, buffer)
        }
    }

    /// One image on all threads.
    private func runOne(_ image: Int, _ work: Work, _ threads: Int) {
        parallelFor(geometry.inputChannels, threads: threads) { range in
            pad(range, of: image, work.source.base, into: work.padded.base)
        }
        parallelFor(blockCount, threads: threads) { range in multiply(range, of: image, work, work.padded.base) }
    }
}

extension DirectConvolution {
    /// Output channels that share a tile: one where a group has one (depthwise), else four.
    private var blockRows: Int { geometry.outputChannels == 1 ? 1 : ProductTile.rows }
    private var blockCount: Int { (geometry.outputChannels + blockRows - 1) / blockRows }

    /// The weight in blocks of `blockRows` output channels of a group, those of one product side by side.
    private func packedWeights(_ w: TensorData) throws(CNNOptError) -> TensorData {
        guard blockRows > 1 else { return w }
        let (products, rows) = (offsets.count, blockRows)
        return try w.withElements(Float.self) { (source) throws(CNNOptError) in
            try TensorData.make(Float.self, shape: [geometry.groups, blockCount, products, rows]) {
                (target) throws(CNNOptError) in
                for group in 0..<geometry.groups {
                    for output in 0..<geometry.outputChannels {
                        let from = (group * geometry.outputChannels + output) * products
                        let to = (group * blockCount + output / rows) * products * rows + output % rows
                        for k in 0..<products { target[to &+ k &* rows] = source[from &+ k] }
                    }
                }
            }
        }
    }

    /// The bias in the same blocks, zeros where there is none.
    private func paddedBias(_ bias: TensorData?) throws(CNNOptError) -> [Float] {
        let values = try bias?.array(of: Float.self)
        var result = [Float](repeating: 0, count: geometry.groups * blockCount * blockRows)
        guard let values else { return result }
        for group in 0..<geometry.groups {
            for output in 0..<geometry.outputChannels {
                result[group * blockCount * blockRows + output] = values[group * geometry.outputChannels + output]
            }
        }
        return result
    }

    /// Copies channels of one image and group into the buffer, whose margins are zero and stay so.
    private func pad(
        _ channels: Range<Int>,
        of image: Int,
        _ x: UnsafePointer<Float>,
        into buffer: UnsafeMutablePointer<Float>
    ) {
        let plane = height.input * width.input
        for channel in channels {
            let source = x + (image * geometry.inputChannels + channel) * depth.input * plane
            let target = buffer + channel * channelPitch
            for d in 0..<slices {
                let sourceSlice = d - depth.padBegin
                guard sourceSlice >= 0, sourceSlice < depth.input else { continue }
                for h in 0..<rows {
                    let sourceRow = h - height.padBegin
                    guard sourceRow >= 0, sourceRow < height.input else { continue }
                    copyRow(
                        source + sourceSlice * plane + sourceRow * width.input,
                        target + (d * rows + h) * rowPitch
                    )
                }
            }
        }
    }

    /// One row, its columns sorted into strips.
    @inline(__always)
    private func copyRow(_ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>) {
        let (stride, pad) = (width.stride, width.padBegin)
        for strip in phases.indices {
            // Column j of the strip is input column j·stride + first.
            let first = phases[strip] - pad
            let begin = first >= 0 ? 0 : min(stripWidth, (stride - 1 - first) / stride)
            let beyond = width.input - first
            let end = beyond <= 0 ? 0 : min(stripWidth, (beyond + stride - 1) / stride)
            guard begin < end else { continue }
            let to = target + strip * stripWidth
            if stride == 1 {
                (to + begin).update(from: source + begin + first, count: end - begin)
            } else {
                for j in begin..<end { to[j] = source[j &* stride &+ first] }
            }
        }
    }

    /// All outputs of some blocks of channels.
    private func multiply(_ blocks: Range<Int>, of image: Int, _ work: Work, _ padded: UnsafePointer<Float>) {
        let chunks = (width.output + Self.chunk - 1) / Self.chunk
        let unitCount = depth.output * height.output * chunks
        // Whichever of weights and image is larger is walked in the outer loop, so that the other stays in the cache.
        let imageIsLarger = geometry.inputChannels * channelPitch > offsets.count * blocks.count * blockRows
        offsets.withUnsafeBufferPointer { table in
            work.start.withUnsafeBufferPointer { start in
                guard let table = table.baseAddress, let start = start.baseAddress else { return }
                for outer in imageIsLarger ? 0..<unitCount : blocks {
                    for inner in imageIsLarger ? blocks : 0..<unitCount {
                        let (unit, block) = imageIsLarger ? (outer, inner) : (inner, outer)
                        let first = unit % chunks * Self.chunk
                        let columns = first..<min(first + Self.chunk, width.output)
                        multiplyRow(unit / chunks, columns, block, of: image, work, padded, table, start)
                    }
                }
            }
        }
    }

    /// Some columns of one output row, in one block of channels.
    @inline(__always)
    private func multiplyRow(
        _ row: Int,
        _ columns: Range<Int>,
        _ block: Int,
        of image: Int,
        _ work: Work,
        _ padded: UnsafePointer<Float>,
        _ table: UnsafePointer<Int>,
        _ start: UnsafePointer<Float>
    ) {
        let (d, h) = (row / height.output, row % height.output)
        let right = padded + (d * depth.stride * rows + h * height.stride) * rowPitch
        let index = image % geometry.groups * blockCount + block
        let left = work.weights.base + index * offsets.count * blockRows
        let outputPitch = depth.output * height.output * width.output
        let first = image * geometry.outputChannels + block * blockRows
        let target = work.target.base + first * outputPitch + row * width.output
        let step = blockRows == 1 ? 2 * ProductTile.columns : ProductTile.columns
        for column in Swift.stride(from: columns.lowerBound, to: columns.upperBound, by: step) {
            if blockRows == 1 {
                ProductTile.multiply1x16(
                    a: left,
                    b: right + column,
                    offsets: table,
                    depth: offsets.count,
                    start: start[index],
                    c: target + column,
                    columnCount: min(step, columns.upperBound - column)
                )
            } else {
                ProductTile.multiply4x8(
                    a: left,
                    b: right + column,
                    offsets: table,
                    depth: offsets.count,
                    start: start + index * blockRows,
                    c: target + column,
                    rowStride: outputPitch,
                    rowCount: min(blockRows, geometry.outputChannels - block * blockRows),
                    columnCount: min(step, columns.upperBound - column)
                )
            }
        }
    }
}
