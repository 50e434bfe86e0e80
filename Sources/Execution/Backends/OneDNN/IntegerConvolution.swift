import CKernels
import Operators
import Tensors

/// A convolution of 8-bit integers with the numbers that bring its sums back: result = (sum + offset) · multiplier, for each
/// output channel, in the units of the result's grid where it has one. Both are computed as ONNX Runtime's integer kernels do, so
/// that numbers near a half are rounded to the same side.
struct IntegerConvolution {
    let form: Convolution
    let integers: QuantizedForm
    let weight: TensorData
    let bias: [Float]?
    let multipliers: [Float]
    let offsets: [Float]
    let clamp: Clamp
    /// What the plan says of the layer.
    let note: String?

    init(form: Convolution, integers: QuantizedForm, weight: TensorData, bias: [Float]?, note: String?) {
        self.form = form
        self.integers = integers
        self.weight = weight
        self.bias = bias
        self.note = note
        let unit = Double(integers.result?.scale ?? 1)
        let channels = weight.shape[0]
        func number(_ list: [Float], _ channel: Int) -> Float { list[list.count == 1 ? 0 : channel] }
        let steps = (0..<channels).map { integers.data.scale * number(integers.weightScales, $0) }
        multipliers = steps.map { $0 / (integers.result?.scale ?? 1) }
        offsets = steps.indices.map { channel in
            bias.map { Self.offset(number($0, channel), step: steps[channel]) } ?? 0
        }
        var clamp = Clamp(
            low: Float(Double(integers.clamp.low) / unit),
            high: Float(Double(integers.clamp.high) / unit)
        )
        if let result = integers.result {
            // Saturation does what a clamp to or beyond the grid's ends would do.
            if clamp.low <= Float(result.range.lowerBound - result.zero) { clamp.low = -.infinity }
            if clamp.high >= Float(result.range.upperBound - result.zero) { clamp.high = .infinity }
        }
        self.clamp = clamp
    }

    /// A bias in steps of the sums: a whole number where it is one but for the rounding of the scales.
    private static func offset(_ bias: Float, step: Float) -> Float {
        let steps = Double(bias) / Double(step)
        let whole = steps.rounded()
        return Float(abs(steps - whole) <= abs(steps) * Double(Float.ulpOfOne) ? whole : steps)
    }

    /// Whether every sum of products is a whole number that a float holds exactly, whatever the data are.
    func isExactInFloats() throws(CNNOptError) -> Bool {
        let zeros = integers.weightZeros
        let largest = max(
            abs(integers.data.range.lowerBound - integers.data.zero),
            abs(integers.data.range.upperBound - integers.data.zero)
        )
        let (rows, length) = (weight.shape[0], weight.shape[1...].reduce(1, *))
        return try weight.withElements(Int8.self) { (numbers) throws(CNNOptError) -> Bool in
            for row in 0..<rows {
                let zero = Int(zeros[zeros.count == 1 ? 0 : row])
                let sum = (row * length..<(row + 1) * length).reduce(0) { $0 + abs(Int(numbers[$1]) - zero) }
                guard Double(sum * Int(largest)) + abs(Double(offsets[row])) < 0x1p24 else { return false }
            }
            return true
        }
    }

    /// The exact kernel's form.
    func exactForm(batch: Int) throws(CNNOptError) -> ck_convolution {
        var result = try form.kernelForm(batch: batch, weight: weight.shape)
        result.x_zero = integers.data.zero
        result.x_is_signed = integers.data.isSigned ? 1 : 0
        result.y_is_quantized = integers.result == nil ? 0 : 1
        result.y_zero = integers.result?.zero ?? 0
        result.y_is_signed = integers.result?.isSigned == true ? 1 : 0
        return result
    }
}

/// Whether 16-bit sums of two products can overflow: instructions before VNNI add the products of two neighbouring input
/// channels with saturation, unsigned data up to 255 times each weight.
struct SaturationBound {
    let canSaturate: Bool

    /// - Parameter weight: int8 of M × C × kernel.
    init(_ weight: TensorData) {
        let channels = weight.shape[1]
        let taps = weight.shape[2...].reduce(1, *)
        let limit = 128
        let found = try? weight.withElements(Int8.self) { (numbers) throws(CNNOptError) -> Bool in
            for row in 0..<weight.shape[0] {
                for channel in stride(from: 0, to: channels - 1, by: 2) {
                    let start = (row * channels + channel) * taps
                    for tap in 0..<taps {
                        let (a, b) = (Int(numbers[start + tap]), Int(numbers[start + taps + tap]))
                        if max(a, 0) + max(b, 0) > limit || max(-a, 0) + max(-b, 0) > limit { return true }
                    }
                }
            }
            return false
        }
        canSaturate = found ?? true
    }

    func note(isExactHere: Bool) -> String? {
        guard canSaturate else { return nil }
        return isExactHere
            ? "could saturate on processors without VNNI" : "could saturate on this processor: summed exactly instead"
    }
}
