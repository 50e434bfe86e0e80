import GraphIR
import Operators
import Tensors

/// A linear layer as rows: at each output position, the outputs are a matrix applied to a row of inputs.
///
/// A convolution's row is the patch under its window; groups are separate matrices. Which layers can be read like this is
/// not taken on trust: ``LayerFit`` checks that the matrix reproduces the layer's own outputs.
struct LayerRows: Sendable {
    let layer: LinearLayer
    let groups: Int
    /// Inputs and outputs of one group.
    let rowLength: Int
    let outputs: Int
    /// Taps of the window; 1 for matrix products.
    let taps: Int
    private let windows: Windows?
    private let kernel: [Int]

    /// nil where the layer is not of a form that is understood here.
    init?(_ layer: LinearLayer, weight: TensorData, _ site: OperatorSite) {
        let form = layer.form
        self.layer = layer
        guard weight.elementType == .float32, weight.shape.allSatisfy({ $0 > 0 }) else { return nil }
        if weight.shape.count >= 3 {
            guard form.weightOutputAxis == 0, form.weightInputAxis == 1, form.dataChannelAxis == 1,
                form.outputChannelAxis == 1, form.groups > 0, weight.shape[0] % form.groups == 0,
                let windows = try? Windows(site)
            else { return nil }
            groups = form.groups
            kernel = Array(weight.shape[2...])
            taps = kernel.reduce(1, *)
            rowLength = weight.shape[1] * taps
            outputs = weight.shape[0] / groups
            self.windows = windows
        } else {
            guard weight.shape.count == 2, form.groups == 1 else { return nil }
            groups = 1
            taps = 1
            kernel = []
            rowLength = weight.shape[form.weightInputAxis]
            outputs = weight.shape[form.weightOutputAxis]
            windows = nil
        }
    }

    /// The inputs of one group that belong to index `index` of the weight's input axis.
    func columns(of index: Int) -> Range<Int> { index * taps..<(index + 1) * taps }

    // MARK: Weights

    /// The matrix of one group, outputs × row length.
    func matrix(_ weight: TensorData, group: Int) throws(CNNOptError) -> [Double] {
        let values = try weight.array(of: Float.self)
        if windows != nil || layer.form.weightOutputAxis == 0 {
            let size = outputs * rowLength
            return values[group * size..<(group + 1) * size].map(Double.init)
        }
        var result = [Double](repeating: 0, count: outputs * rowLength)
        for j in 0..<rowLength { for i in 0..<outputs { result[i * rowLength + j] = Double(values[j * outputs + i]) } }
        return result
    }

    /// The weight whose groups have the given matrices.
    func weight(_ matrices: [[Double]], shape: [Int]) throws(CNNOptError) -> TensorData {
        if windows != nil || layer.form.weightOutputAxis == 0 {
            return try TensorData(matrices.flatMap { $0.map(Float.init) }, shape: shape)
        }
        var values = [Float](repeating: 0, count: outputs * rowLength)
        for j in 0..<rowLength {
            for i in 0..<outputs { values[j * outputs + i] = Float(matrices[0][i * rowLength + j]) }
        }
        return try TensorData(values, shape: shape)
    }

    // MARK: Rows

    /// How the positions of one input tensor are read.
    struct Reader {
        let samples: Int
        /// Output positions in each sample.
        let positions: Int
        let axes: [Windows.Axis]
        let channels: Int
    }

    /// nil where the tensors do not fit the layer.
    func reader(data: [Int], output: [Int]) -> Reader? {
        guard let windows else {
            // The channels have to be the last axis, so that rows lie in memory as they are.
            guard layer.form.dataChannelAxis == data.count - 1, layer.form.outputChannelAxis == output.count - 1,
                data.last == rowLength, output.last == outputs, data.dropLast() == output.dropLast(),
                let samples = data.first, data.count >= 2
            else { return nil }
            return Reader(
                samples: samples,
                positions: data[1..<data.count - 1].reduce(1, *),
                axes: [],
                channels: rowLength
            )
        }
        guard data.count == kernel.count + 2, output.count == data.count, data[1] * taps == rowLength * groups,
            output[1] == outputs * groups, let axes = try? windows.axes(Array(data[2...]), weightKernel: kernel),
            axes.map(\.output) == Array(output[2...])
        else { return nil }
        return Reader(samples: data[0], positions: output[2...].reduce(1, *), axes: axes, channels: data[1] / groups)
    }

    /// Writes the row of one position into a column of blocks: element `j` goes to `target[j · stride]`.
    func gather(
        _ data: UnsafePointer<Float>,
        _ reader: Reader,
        sample: Int,
        position: Int,
        group: Int,
        into target: UnsafeMutablePointer<Float>,
        stride: Int
    ) {
        guard windows != nil else {
            let row = data + (sample * reader.positions + position) * rowLength
            for j in 0..<rowLength { target[j * stride] = row[j] }
            return
        }
        let area = reader.axes.reduce(1) { $0 * $1.input }
        let base = data + (sample * reader.channels * groups + group * reader.channels) * area
        for tap in 0..<taps {
            // Output position and tap, axis by axis from the last.
            var (restPosition, restTap) = (position, tap)
            var (offset, step) = (0, 1)
            var isInside = true
            for axis in reader.axes.reversed() {
                let at = axis.position(restPosition % axis.output, restTap % axis.kernel)
                restPosition /= axis.output
                restTap /= axis.kernel
                if at < 0 || at >= axis.input { isInside = false }
                offset += at * step
                step *= axis.input
            }
            if isInside {
                for c in 0..<reader.channels { target[(c * taps + tap) * stride] = base[c * area + offset] }
            } else {
                for c in 0..<reader.channels { target[(c * taps + tap) * stride] = 0 }
            }
        }
    }

    /// The element of an output tensor at a position.
    func outputIndex(_ reader: Reader, sample: Int, position: Int, output: Int, of all: Int) -> Int {
        windows == nil
            ? (sample * reader.positions + position) * all + output
            : (sample * all + output) * reader.positions + position
    }
}

extension LayerRows {
    /// Whether the layer's matrix gives the layer's outputs on rows with these moments: only then is it what it is taken for.
    func reproduces(_ weight: TensorData, _ bias: TensorData?, _ moments: [RowMoments]) throws(CNNOptError) -> Bool {
        let biases = try bias.map { (tensor) throws(CNNOptError) in try tensor.doubles() } ?? []
        var (error, scale) = (0.0, 0.0)
        for group in 0..<groups {
            let own = (0..<outputs).map { i in
                let index = biases.count == 1 ? 0 : group * outputs + i
                return biases.indices.contains(index) ? biases[index] : 0
            }
            error += LayerFit.error(try matrix(weight, group: group), own, moments[group])
            let means = moments[group].meansY(centred: true)
            scale += moments[group].variancesY(centred: true).reduce(0, +) + means.reduce(0) { $0 + $1 * $1 }
        }
        return error <= 1e-4 * scale + 1e-12
    }
}
