import GraphIR
import Operators
import Tensors

/// Pools and functions of single elements and rows.
extension ContributedCase {
    static func pools() throws(CNNOptError) -> [ContributedCase] {
        let x = try u8(
            [
                31, 116, 250, 34, 98, 103, 231, 52, 128, 67, 5, 192, 15, 71, 127, 124, 29, 251, 191, 246, 23, 185, 75,
                138,
            ],
            [1, 2, 3, 4]
        )
        let last = try u8(
            [
                31, 15, 116, 71, 250, 127, 34, 124, 98, 29, 103, 251, 231, 191, 52, 246, 128, 23, 67, 185, 5, 75, 192,
                138,
            ],
            [1, 3, 4, 2]
        )
        let signed = try s8(
            [
                108, -58, 57, -87, -46, 120, -21, 4, -54, -99, -20, 31, -12, 70, -36, 28, 69, 106, -19, -118, 55, 7, 95,
                -11,
            ],
            [1, 2, 3, 4]
        )
        let unsignedGrids: [TensorData?] = try [scale(0.05), u8(3), scale(0.04), u8(5)]
        let signedGrids: [TensorData?] = try [scale(0.05), s8(-3), scale(0.04), s8(9)]
        let unitGrids: [TensorData?] = try [scale(1), u8(0), scale(1), u8(1)]
        let window = [
            Attribute("kernel_shape", [2, 2]), Attribute("strides", [2, 1]), Attribute("pads", [1, 1, 0, 0]),
        ]
        return [
            .init(
                "pads",
                "QLinearAveragePool",
                [x] + unsignedGrids,
                window,
                gives: [40, 93, 230, 179, 142, 125, 128, 151, 20, 55, 125, 158, 34, 154, 221, 204],
                [1, 2, 2, 4]
            ),
            .init(
                "pads that count",
                "QLinearAveragePool",
                [x] + unsignedGrids,
                window + [Attribute("count_include_pad", 1)],
                gives: [14, 49, 118, 92, 74, 125, 128, 151, 9, 30, 65, 82, 19, 154, 221, 204],
                [1, 2, 2, 4]
            ),
            .init(
                "channels last",
                "QLinearAveragePool",
                [last] + unsignedGrids,
                window + [Attribute("channels_last", 1)],
                gives: [40, 20, 93, 55, 230, 125, 179, 158, 142, 34, 125, 154, 128, 221, 151, 204],
                [1, 2, 4, 2]
            ),
            .init(
                "signed, a window that sticks out",
                "QLinearAveragePool",
                [signed] + signedGrids,
                [Attribute("kernel_shape", [2, 3]), Attribute("strides", [2, 2]), Attribute("ceil_mode", 1)],
                gives: [46, -2, -59, 20, 50, -33, 78, 65],
                [1, 2, 2, 2]
            ),
            .init(
                "halves with an odd zero point",
                "QLinearAveragePool",
                [try u8([0, 1, 2, 3, 6], [1, 1, 5])] + unitGrids,
                [Attribute("kernel_shape", [2])],
                gives: [2, 2, 4, 6],
                [1, 1, 4]
            ),
            .init(
                "half of one window over everything",
                "QLinearAveragePool",
                [try u8([0, 1], [1, 1, 2])] + unitGrids,
                [Attribute("kernel_shape", [2])],
                gives: [1],
                [1, 1, 1]
            ),
            .init("unsigned", "QLinearGlobalAveragePool", [x] + unsignedGrids, gives: [137, 155], [1, 2, 1, 1]),
            .init(
                "channels last",
                "QLinearGlobalAveragePool",
                [last] + unsignedGrids,
                [Attribute("channels_last", 1)],
                gives: [137, 155],
                [1, 1, 1, 2]
            ),
            .init("signed", "QLinearGlobalAveragePool", [signed] + signedGrids, gives: [6, 37], [1, 2, 1, 1]),
        ]
    }

    static func functions() throws(CNNOptError) -> [ContributedCase] {
        let x = try u8([0, 50, 99, 100, 101, 150, 255])
        let signed = try s8([-128, -50, -1, 0, 1, 60, 127])
        let rows = try u8([251, 192, 13, 37, 139, 209, 17, 174, 194, 201, 223, 49], [2, 2, 3])
        let rowGrids: [TensorData?] = try [scale(0.03), u8(100), scale(1 / 256), u8(0)]
        let opset13 = Attribute("opset", 13)
        return [
            .init(
                "unsigned",
                "QLinearLeakyRelu",
                try [x, scale(0.1), u8(100), scale(0.07), u8(20)],
                [Attribute("alpha", 0.2 as Float)],
                gives: [0, 6, 20, 20, 21, 91, 241],
                [7]
            ),
            .init(
                "signed, alpha left out",
                "QLinearLeakyRelu",
                try [signed, scale(0.1), s8(-10), scale(0.05), s8(3)],
                gives: [1, 2, 21, 23, 25, 127, 127],
                [7]
            ),
            .init(
                "unsigned",
                "QLinearSigmoid",
                try [x, scale(0.05), u8(100), scale(1 / 256), u8(0)],
                gives: [2, 19, 125, 128, 131, 237, 255],
                [7]
            ),
            .init(
                "signed, no zero point",
                "QLinearSigmoid",
                try [signed, scale(0.05), nil, scale(1 / 256), s8(-128)],
                gives: [-128, -109, -3, 0, 3, 116, 127],
                [7]
            ),
            .init(
                "the last axis",
                "QLinearSoftmax",
                [rows] + rowGrids,
                [opset13],
                gives: [219, 37, 0, 1, 28, 227, 1, 90, 165, 87, 168, 1],
                [2, 2, 3]
            ),
            .init(
                "another axis",
                "QLinearSoftmax",
                [rows] + rowGrids,
                [opset13, Attribute("axis", 1)],
                gives: [255, 213, 1, 0, 43, 255, 1, 48, 253, 255, 208, 3],
                [2, 2, 3]
            ),
            .init(
                "all axes from the second on, before operator set 13",
                "QLinearSoftmax",
                try [rows, scale(0.03), u8(100), scale(1 / 256), u8(10)],
                [Attribute("opset", 11), Attribute("axis", 1)],
                gives: [182, 39, 10, 10, 16, 59, 10, 37, 59, 71, 128, 11],
                [2, 2, 3]
            ),
            .init(
                "no axis, before operator set 13",
                "QLinearSoftmax",
                try [rows, scale(0.03), u8(100), scale(1 / 256), u8(10)],
                [Attribute("opset", 11)],
                gives: [229, 47, 10, 11, 38, 237, 11, 100, 175, 97, 178, 11],
                [2, 2, 3]
            ),
            .init(
                "signed",
                "QLinearSoftmax",
                try [
                    s8([14, 77, -37, -80, -6, -108, -72, 90], [2, 4]), scale(0.02), s8(-4), scale(1 / 256), s8(-128),
                ],
                [opset13, Attribute("axis", -1)],
                gives: [-77, 51, -110, -120, -97, -124, -120, 84],
                [2, 4]
            ),
            .init(
                "a certain class",
                "QLinearSoftmax",
                try [s8([127, -128, -128, -128], [1, 4]), scale(0.2), s8(-4), scale(1 / 256), s8(-128)],
                [opset13, Attribute("axis", -1)],
                gives: [127, -128, -128, -128],
                [1, 4]
            ),
        ]
    }
}
