import GraphIR
import Tensors

/// Gradients of what slides a window over the spatial axes of N × C × spatial.
extension GradientFragment {
    /// The gradient of a convolution's data: every element of the result's gradient spreads the kernel, by the transpose of the
    /// convolution with the same weight. Where the window moves by one, that is a convolution with the weight turned round.
    package mutating func transposedConvolution(
        _ gradient: Operand,
        _ weight: Operand,
        ofShape shape: [Int],
        _ axes: [Windows.Axis],
        groups: Int
    ) throws(CNNOptError) -> Operand {
        let window = [
            Attribute("kernel_shape", axes.map(\.kernel)), Attribute("strides", axes.map(\.stride)),
            Attribute("dilations", axes.map(\.dilation)), Attribute("group", groups),
        ]
        let fronts = axes.map { ($0.kernel - 1) * $0.dilation - $0.padBegin }
        let backs = zip(axes, fronts).map { $0.input - $0.output + ($0.kernel - 1) * $0.dilation - $1 }
        if axes.allSatisfy({ $0.stride == 1 }), (fronts + backs).allSatisfy({ $0 >= 0 }) {
            let turned = try turned(weight, shape, groups: groups)
            return add("Conv", [gradient, turned], window + [Attribute("pads", fronts + backs)])
        }
        // How far the last window's end is from the input's: elements that it never met, or padding.
        let rest = axes.map {
            $0.input + $0.padBegin - (($0.output - 1) * $0.stride + ($0.kernel - 1) * $0.dilation + 1)
        }
        let pads = [
            Attribute("pads", axes.map(\.padBegin) + rest.map { max(0, -$0) }),
            Attribute("output_padding", rest.map { max(0, $0) }),
        ]
        return add("ConvTranspose", [gradient, weight], window + pads)
    }

    /// A weight with inputs and outputs of each group exchanged and each kernel backwards.
    private mutating func turned(_ weight: Operand, _ shape: [Int], groups: Int) throws(CNNOptError) -> Operand {
        let kernel = Array(shape.dropFirst(2))
        let outputs = shape[0] / groups
        var result = weight
        if outputs > 1 || shape[1] > 1 {
            let apart = try reshaped(weight, [groups, outputs, shape[1]] + kernel)
            let order = [0, 2, 1] + kernel.indices.map { $0 + 3 }
            let exchanged = add("Transpose", [apart], [Attribute("perm", order)])
            result = try reshaped(exchanged, [groups * shape[1], outputs] + kernel)
        }
        let axes = kernel.indices.filter { kernel[$0] > 1 }
        return axes.isEmpty
            ? result : try sliced(result, axes: axes.map { $0 + 2 }, starts: axes.map { _ in -1 }, step: -1)
    }

    /// The gradient of a transposed convolution's data: the convolution with the same weight; nil where that would have more
    /// results than there were data.
    package mutating func convolution(
        _ gradient: Operand,
        _ weight: Operand,
        _ axes: [Windows.Axis],
        groups: Int
    ) -> Operand? {
        var ends: [Int] = []
        for axis in axes {
            // What the last window needs behind the input.
            let reach = (axis.output - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1
            let end = reach - axis.padBegin - axis.input
            guard end > -axis.stride else { return nil }
            ends.append(max(0, end))
        }
        return add(
            "Conv",
            [gradient, weight],
            [
                Attribute("kernel_shape", axes.map(\.kernel)), Attribute("strides", axes.map(\.stride)),
                Attribute("dilations", axes.map(\.dilation)), Attribute("group", groups),
                Attribute("pads", axes.map(\.padBegin) + ends),
            ]
        )
    }

    /// The gradient of an average pool: each mean's gradient, divided by the number of elements, spread over its window.
    package mutating func averagePool(_ gradient: Operand, _ axes: [Windows.Axis], countsPadding: Bool)
        throws(CNNOptError) -> Operand
    {
        let counts = axes.map { axis in
            let range = countsPadding ? -axis.padBegin..<axis.input + axis.padEnd : 0..<axis.input
            return (0..<axis.output).map { index in
                Double((0..<axis.kernel).count { range.contains(axis.position(index, $0)) })
            }
        }
        var inverses: [Double] = [1]
        for counts in counts { inverses = inverses.flatMap { share in counts.map { share / max($0, 1) } } }
        let shares = try TensorData(doubles: inverses, as: elementType, shape: [1, 1] + axes.map(\.output))
        let channels = try inputSizes(0)[1]
        let taps = [channels, 1] + axes.map(\.kernel)
        guard let count = checkedProduct(taps) else { throw site.failure(.unsupported, "windows of \(taps)") }
        let ones = try TensorData(doubles: [Double](repeating: 1, count: count), as: elementType, shape: taps)
        return try transposedConvolution(
            product(gradient, .constant(shares, stem: "shares")),
            .constant(ones, stem: "ones"),
            ofShape: taps,
            axes,
            groups: channels
        )
    }

    /// The gradient of a maximum pool: it goes to where each maximum lies; elements that are the maximum of several windows get
    /// the sum.
    /// - Parameter attributes: of the MaxPool that finds the places.
    package mutating func maximumPool(_ gradient: Operand, _ attributes: [Attribute]) throws(CNNOptError) -> Operand {
        let shape = try inputSizes(0)
        let pool = add("MaxPool", [.input(0)], attributes, outputs: 2)
        guard case .step(let index, _) = pool else { return pool }
        let places = try reshaped(.step(index, output: 1), [-1])
        let zeros = try TensorData(zeros: elementType, shape: [shape.reduce(1, *)])
        let scattered = add(
            "ScatterElements",
            [.constant(zeros, stem: "zeros"), places, try reshaped(gradient, [-1])],
            [Attribute("axis", 0), Attribute("reduction", "add")]
        )
        return try reshaped(scattered, shape)
    }
}
