import CKernels
import Tensors
import Testing

/// A convolution, and its sums of 8-bit integers by plain loops.
struct ConvolutionForm: Sendable, CustomTestStringConvertible {
    var batch = 1, groups = 1
    var inputs: Int, outputs: Int
    /// Height and width.
    var size: [Int]
    var kernel = [3, 3], strides = [1, 1], dilations = [1, 1], pads = [0, 0]
    var zero: Int32 = 0
    var isSigned = false

    var testDescription: String {
        "\(batch) × \(size) × \(inputs) to \(outputs), \(groups) groups, kernel \(kernel), strides \(strides), "
            + "dilations \(dilations), pads \(pads), zero \(zero)\(isSigned ? ", signed" : "")"
    }

    var outSize: [Int] {
        [0, 1].map { (size[$0] + 2 * pads[$0] - (kernel[$0] - 1) * dilations[$0] - 1) / strides[$0] + 1 }
    }

    var taps: Int { kernel[0] * kernel[1] }
    var weights: Int { outputs * (inputs / groups) * taps }
    var results: Int { batch * outSize[0] * outSize[1] * outputs }

    func kernelForm(_ grid: Grid?) -> ck_convolution {
        var form = ck_convolution()
        form.batch = Int64(batch)
        form.groups = Int64(groups)
        form.in_channels = Int64(inputs)
        form.out_channels = Int64(outputs)
        (form.in_height, form.in_width) = (Int64(size[0]), Int64(size[1]))
        (form.out_height, form.out_width) = (Int64(outSize[0]), Int64(outSize[1]))
        (form.kernel_height, form.kernel_width) = (Int64(kernel[0]), Int64(kernel[1]))
        (form.stride_height, form.stride_width) = (Int64(strides[0]), Int64(strides[1]))
        (form.dilation_height, form.dilation_width) = (Int64(dilations[0]), Int64(dilations[1]))
        (form.pad_top, form.pad_left) = (Int64(pads[0]), Int64(pads[1]))
        form.x_zero = zero
        form.x_is_signed = isSigned ? 1 : 0
        if let grid {
            form.y_is_quantized = 1
            form.y_zero = grid.zero
            form.y_is_signed = grid.isSigned ? 1 : 0
        }
        return form
    }

    /// One sum for each result. Weights are out_channels × inputs of a group × taps.
    func sums(_ x: [UInt8], _ weights: [Int8], _ zeros: [Int8]?) -> [Int32] {
        let (depth, perGroup) = (inputs / groups, outputs / groups)
        var sums = [Int32](repeating: 0, count: results)
        for (place, at) in indices([batch, outSize[0], outSize[1], outputs]).enumerated() {
            for i in 0..<kernel[0] {
                for j in 0..<kernel[1] {
                    let row = at[1] * strides[0] - pads[0] + i * dilations[0]
                    let column = at[2] * strides[1] - pads[1] + j * dilations[1]
                    guard row >= 0, row < size[0], column >= 0, column < size[1] else { continue }
                    let pixel = ((at[0] * size[0] + row) * size[1] + column) * inputs + at[3] / perGroup * depth
                    let weight = at[3] * depth * taps + i * kernel[1] + j
                    for c in 0..<depth {
                        let input = isSigned ? Int32(Int8(bitPattern: x[pixel + c])) : Int32(x[pixel + c])
                        sums[place] += (input - zero) * (Int32(weights[weight + c * taps]) - Int32(zeros?[at[3]] ?? 0))
                    }
                }
            }
        }
        return sums
    }
}
