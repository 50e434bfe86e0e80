import GraphIR
import TestSupport
import Tensors

/// Small sites of every operator that says a gradient.
enum OperatorGradientCases {
    static let elementwise: [GradientCase] = [
        GradientCase(type: "Relu", shapes: [[2, 3, 4, 5]]),
        GradientCase(type: "LeakyRelu", shapes: [[2, 3, 4]], attributes: [Attribute("alpha", Float(0.25))]),
        GradientCase(type: "Sigmoid", shapes: [[2, 3, 4]], range: -4...4),
        GradientCase(type: "Tanh", shapes: [[2, 3, 4]], range: -3...3),
        GradientCase(type: "HardSigmoid", shapes: [[2, 3, 4, 5]], range: -4...4),
        GradientCase(
            type: "HardSigmoid",
            shapes: [[2, 3, 4, 5]],
            attributes: [Attribute("alpha", Float(-0.5)), Attribute("beta", Float(0.25))],
            range: -4...4
        ),
        GradientCase(type: "HardSwish", shapes: [[2, 3, 4, 5]], range: -5...5),
        GradientCase(type: "Elu", shapes: [[2, 3, 4]], attributes: [Attribute("alpha", Float(0.75))], range: -3...3),
        GradientCase(type: "Exp", shapes: [[2, 3, 4]]),
        GradientCase(type: "Log", shapes: [[2, 3, 4]], range: 0.5...3),
        GradientCase(type: "Sqrt", shapes: [[2, 3, 4]], range: 0.5...3),
        GradientCase(type: "Neg", shapes: [[2, 3, 4]]),
        GradientCase(type: "Abs", shapes: [[2, 3, 4]]),
        GradientCase(type: "Sin", shapes: [[2, 3, 4]], range: -3...3),
        GradientCase(type: "Cos", shapes: [[2, 3, 4]], range: -3...3),
        GradientCase(type: "Reciprocal", shapes: [[2, 3, 4]], range: 0.5...3),
        GradientCase(type: "Softplus", shapes: [[2, 3, 4]], range: -3...3),
        GradientCase(type: "Identity", shapes: [[2, 3, 4]]),
        GradientCase(type: "Dropout", shapes: [[2, 3, 4]]),
        GradientCase(type: "PRelu", shapes: [[2, 3, 4, 4], [3, 1, 1]]),
        GradientCase(type: "PRelu", shapes: [[2, 3, 4, 4], [3, 1, 1]], weights: [1]),
        GradientCase(type: "Softmax", shapes: [[2, 3, 4]], range: -3...3),
        GradientCase(type: "Softmax", shapes: [[2, 3, 4]], attributes: [Attribute("axis", 1)], range: -3...3),
        GradientCase(type: "Softmax", shapes: [[2, 5]], range: -3...3, opset: 11),
        GradientCase(type: "LogSoftmax", shapes: [[2, 3, 4]], attributes: [Attribute("axis", 1)], range: -3...3),
    ]

    /// Intervals with one end, two, an end that is no float, and none.
    static func clips() throws -> [GradientCase] {
        func scalar(_ value: Float) throws -> TensorData { try TensorData([value], shape: []) }
        return [
            GradientCase(
                type: "Clip",
                shapes: [[2, 3, 4], [], []],
                stored: [1: try scalar(0), 2: try scalar(6)],
                range: -9...9
            ),
            GradientCase(type: "Clip", shapes: [[2, 3, 4], []], stored: [1: try scalar(-0.1)]),
            GradientCase(type: "Clip", shapes: [[2, 3, 4], nil, []], stored: [2: try scalar(0.3)]),
            GradientCase(type: "Clip", shapes: [[2, 3, 4]]),
            GradientCase(
                type: "Clip",
                shapes: [[2, 3, 4]],
                attributes: [Attribute("min", Float(0)), Attribute("max", Float(0.5))],
                opset: 6
            ),
        ]
    }

    static let binary: [GradientCase] =
        ["Add", "Sub", "Mul", "Div"].flatMap { type in
            [
                GradientCase(type: type, shapes: [[2, 3, 4], [2, 3, 4]], range: 0.5...2),
                GradientCase(type: type, shapes: [[2, 3, 4, 5], [3, 1, 1]], range: 0.5...2),
                GradientCase(type: type, shapes: [[2, 3, 4, 5], [2, 3, 1, 1]], range: 0.5...2),
                GradientCase(type: type, shapes: [[4, 1], [2, 1, 3]], range: 0.5...2),
                GradientCase(type: type, shapes: [[], [2, 3]], range: 0.5...2),
            ]
        } + [
            GradientCase(type: "Sum", shapes: [[2, 3, 4]]),
            GradientCase(type: "Sum", shapes: [[2, 3, 4], [3, 1], [2, 1, 4]]),
        ]

    static let layers: [GradientCase] = [
        GradientCase(type: "Conv", shapes: [[2, 3, 6, 7], [4, 3, 3, 3], [4]], weights: [1, 2]),
        GradientCase(
            type: "Conv",
            shapes: [[2, 4, 7, 8], [6, 2, 3, 2]],
            weights: [1],
            attributes: [Attribute("group", 2), Attribute("strides", [2, 3]), Attribute("pads", [1, 0, 2, 1])]
        ),
        GradientCase(
            type: "Conv",
            shapes: [[1, 5, 9, 9], [5, 1, 3, 3]],
            weights: [1],
            attributes: [Attribute("group", 5), Attribute("strides", [2, 2]), Attribute("auto_pad", "SAME_UPPER")]
        ),
        GradientCase(
            type: "Conv",
            shapes: [[1, 4, 8, 8], [4, 1, 3, 3]],
            weights: [1],
            attributes: [Attribute("group", 4), Attribute("pads", [1, 1, 1, 1])]
        ),
        GradientCase(
            type: "Conv",
            shapes: [[1, 2, 9, 8], [3, 2, 3, 3]],
            weights: [1],
            attributes: [
                Attribute("dilations", [2, 2]), Attribute("pads", [2, 2, 2, 2]), Attribute("strides", [1, 2]),
            ]
        ),
        GradientCase(
            type: "Conv",
            shapes: [[2, 3, 5, 5], [4, 3, 1, 1]],
            weights: [1],
            attributes: [Attribute("strides", [2, 2])]
        ),
        GradientCase(
            type: "Conv",
            shapes: [[2, 3, 5, 5], [4, 3, 1, 1]],
            weights: [1],
            attributes: [Attribute("pads", [1, 1, 1, 1])]
        ),
        GradientCase(
            type: "Conv",
            shapes: [[2, 3, 10], [4, 3, 4]],
            weights: [1],
            attributes: [Attribute("strides", [3])]
        ),
        GradientCase(type: "ConvTranspose", shapes: [[2, 3, 4, 5], [3, 2, 3, 3]], weights: [1]),
        GradientCase(
            type: "ConvTranspose",
            shapes: [[2, 4, 4, 5], [4, 2, 3, 2]],
            weights: [1],
            attributes: [
                Attribute("group", 2), Attribute("strides", [2, 2]), Attribute("pads", [1, 0, 0, 1]),
                Attribute("output_padding", [1, 0]),
            ]
        ),
        GradientCase(type: "Gemm", shapes: [[3, 4], [4, 5], [5]], weights: [1, 2]),
        GradientCase(
            type: "Gemm",
            shapes: [[3, 4], [5, 4], [3, 1]],
            attributes: [Attribute("transB", 1), Attribute("alpha", Float(0.5)), Attribute("beta", Float(2))]
        ),
        GradientCase(type: "Gemm", shapes: [[4, 3], [4, 5]], attributes: [Attribute("transA", 1)]),
        GradientCase(
            type: "Gemm",
            shapes: [[4, 3], [5, 4]],
            attributes: [Attribute("transA", 1), Attribute("transB", 1)]
        ),
        GradientCase(type: "MatMul", shapes: [[3, 4], [4, 5]], weights: [1]),
        GradientCase(type: "MatMul", shapes: [[2, 3, 4], [4, 5]]),
        GradientCase(type: "MatMul", shapes: [[2, 1, 3, 4], [5, 4, 2]]),
        GradientCase(type: "MatMul", shapes: [[4], [2, 4, 3]]),
        GradientCase(type: "MatMul", shapes: [[2, 3, 4], [4]]),
        GradientCase(type: "MatMul", shapes: [[4], [4]]),
        GradientCase(
            type: "BatchNormalization",
            shapes: [[2, 3, 4, 5], [3], [3], [3], [3]],
            weights: [1, 2, 3, 4],
            range: 0.5...2
        ),
    ]

    static let pools: [GradientCase] =
        [
            GradientCase(
                type: "MaxPool",
                shapes: [[2, 3, 6, 6]],
                attributes: [Attribute("kernel_shape", [2, 2]), Attribute("strides", [2, 2])]
            ),
            GradientCase(
                type: "MaxPool",
                shapes: [[2, 3, 7, 8]],
                attributes: [
                    Attribute("kernel_shape", [3, 3]), Attribute("strides", [2, 2]), Attribute("pads", [1, 1, 1, 1]),
                ]
            ),
            GradientCase(
                type: "MaxPool",
                shapes: [[1, 2, 6, 7]],
                attributes: [
                    Attribute("kernel_shape", [3, 3]), Attribute("strides", [2, 2]), Attribute("ceil_mode", 1),
                ]
            ),
            GradientCase(type: "GlobalMaxPool", shapes: [[2, 3, 4, 5]]),
            GradientCase(type: "GlobalAveragePool", shapes: [[2, 3, 4, 5]]),
            GradientCase(
                type: "AveragePool",
                shapes: [[2, 3, 6, 6]],
                attributes: [Attribute("kernel_shape", [2, 2]), Attribute("strides", [2, 2])]
            ),
            GradientCase(
                type: "AveragePool",
                shapes: [[2, 3, 4, 5]],
                attributes: [Attribute("kernel_shape", [4, 5])]
            ),
        ]
        + [0, 1].flatMap { counts in
            [
                GradientCase(
                    type: "AveragePool",
                    shapes: [[2, 3, 7, 8]],
                    attributes: [
                        Attribute("kernel_shape", [3, 3]), Attribute("strides", [2, 2]),
                        Attribute("pads", [1, 1, 1, 1]), Attribute("count_include_pad", counts),
                    ]
                ),
                GradientCase(
                    type: "AveragePool",
                    shapes: [[1, 2, 6, 7]],
                    attributes: [
                        Attribute("kernel_shape", [3, 3]), Attribute("strides", [2, 2]), Attribute("ceil_mode", 1),
                        Attribute("pads", [1, 0, 0, 1]), Attribute("count_include_pad", counts),
                    ]
                ),
            ]
        }

    static func layouts() throws -> [GradientCase] {
        [
            GradientCase(
                type: "Concat",
                shapes: [[2, 3, 4], [2, 1, 4], [2, 2, 4]],
                attributes: [Attribute("axis", 1)]
            ),
            GradientCase(
                type: "Split",
                shapes: [[2, 6, 4], [3]],
                stored: [1: try .integers([1, 2, 3])],
                attributes: [Attribute("axis", 1)],
                outputs: 3
            ),
            GradientCase(
                type: "Slice",
                shapes: [[4, 6, 9], [2], [2], [2], [2]],
                stored: [
                    1: try .integers([1, 1]), 2: try .integers([5, 99]), 3: try .integers([1, 2]),
                    4: try .integers([1, 3]),
                ]
            ),
            GradientCase(
                type: "Slice",
                shapes: [[4, 6, 9], [2], [2], [2], [2]],
                stored: [
                    1: try .integers([-1, 7]), 2: try .integers([-99, 0]), 3: try .integers([1, 2]),
                    4: try .integers([-2, -3]),
                ]
            ),
            GradientCase(type: "Pad", shapes: [[2, 3, 4], [6]], stored: [1: try .integers([0, 1, 2, 0, 0, 1])]),
            GradientCase(type: "Pad", shapes: [[2, 3, 4], [6]], stored: [1: try .integers([0, -1, 2, 1, 0, -1])]),
            GradientCase(type: "Reshape", shapes: [[2, 3, 4], [2]], stored: [1: try .integers([2, -1])]),
            GradientCase(type: "Flatten", shapes: [[2, 3, 4]]),
            GradientCase(type: "Squeeze", shapes: [[2, 1, 4], [1]], stored: [1: try .integers([1])]),
            GradientCase(type: "Unsqueeze", shapes: [[2, 4], [1]], stored: [1: try .integers([1])]),
            GradientCase(type: "Transpose", shapes: [[2, 3, 4, 5]], attributes: [Attribute("perm", [2, 0, 3, 1])]),
            GradientCase(type: "Transpose", shapes: [[2, 3, 4]]),
            GradientCase(type: "Expand", shapes: [[3, 1], [3]], stored: [1: try .integers([2, 3, 4])]),
            GradientCase(type: "ReduceMean", shapes: [[2, 3, 4, 5], [2]], stored: [1: try .integers([2, 3])]),
            GradientCase(
                type: "ReduceMean",
                shapes: [[2, 3, 4]],
                attributes: [Attribute("axes", [1]), Attribute("keepdims", 0)],
                opset: 13
            ),
            GradientCase(type: "ReduceSum", shapes: [[2, 3, 4]], attributes: [Attribute("keepdims", 0)]),
            GradientCase(type: "ReduceSum", shapes: [[2, 3, 4], [1]], stored: [1: try .integers([-1])]),
            GradientCase(
                type: "Resize",
                shapes: [[1, 2, 3, 4], nil, [4]],
                stored: [2: try TensorData([1, 1, 2, 3] as [Float])],
                attributes: [
                    Attribute("mode", "nearest"), Attribute("nearest_mode", "floor"),
                    Attribute("coordinate_transformation_mode", "asymmetric"),
                ]
            ),
            GradientCase(
                type: "Upsample",
                shapes: [[1, 2, 3, 4], [4]],
                stored: [1: try TensorData([1, 1, 2, 2] as [Float])],
                opset: 9
            ),
        ]
    }
}
