import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

// Short forms for the tables of cases.
func u8(_ elements: [UInt8], _ shape: [Int]? = nil) throws(CNNOptError) -> TensorData {
    try TensorData(elements, shape: shape ?? [elements.count])
}
func s8(_ elements: [Int8], _ shape: [Int]? = nil) throws(CNNOptError) -> TensorData {
    try TensorData(elements, shape: shape ?? [elements.count])
}
func u8(_ zero: UInt8) throws(CNNOptError) -> TensorData { try TensorData([zero], shape: []) }
func s8(_ zero: Int8) throws(CNNOptError) -> TensorData { try TensorData([zero], shape: []) }
func scale(_ value: Float) throws(CNNOptError) -> TensorData { try TensorData([value], shape: []) }

/// A run of an operator of ONNX Runtime's domain and what ONNX Runtime 1.32 gave for it, its graph optimisation turned off.
struct ContributedCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let type: String
    let inputs: [TensorData?]
    let attributes: [Attribute]
    let shape: [Int]
    let codes: [Int]

    init(
        _ name: String,
        _ type: String,
        _ inputs: [TensorData?],
        _ attributes: [Attribute] = [],
        gives codes: [Int],
        _ shape: [Int]
    ) {
        testDescription = "\(type): \(name)"
        self.type = type
        self.inputs = inputs
        self.attributes = attributes
        self.codes = codes
        self.shape = shape
    }
}

extension ContributedCase {
    static func binary() throws(CNNOptError) -> [ContributedCase] {
        let toSeven = try u8([0, 1, 2, 3, 4, 5, 6, 7])
        let (a, b) = (
            try s8([-49, 94, -20, -59, 83, -63], [2, 1, 3]), try s8([-24, 36], [2, 1])
        )
        return [
            .init(
                "unsigned, broadcast",
                "QLinearAdd",
                try [
                    u8([121, 131, 193, 243, 8, 36], [2, 3]), scale(0.02), u8(120), u8([210, 242, 63]), scale(0.05),
                    u8(7), scale(0.04), u8(131),
                ],
                gives: [255, 255, 238, 255, 255, 159],
                [2, 3]
            ),
            .init(
                "halves with an odd zero point",
                "QLinearAdd",
                try [
                    toSeven, scale(0.05), u8(0), u8([UInt8](repeating: 0, count: 8)), scale(0.05), u8(0), scale(0.1),
                    u8(3),
                ],
                gives: [3, 4, 4, 4, 5, 6, 6, 6],
                [8]
            ),
            .init(
                "signed, both broadcast",
                "QLinearAdd",
                try [a, scale(0.02), s8(-5), b, scale(0.03), s8(11), scale(0.03), s8(-77)],
                gives: [-128, -46, -122, -81, 14, -62, -128, -53, -128, -88, 7, -91],
                [2, 2, 3]
            ),
            .init(
                "unsigned, broadcast",
                "QLinearMul",
                try [
                    u8([140, 21, 7, 221, 192, 214], [2, 3]), scale(0.02), u8(120), u8([137, 209], [2, 1]), scale(0.05),
                    u8(7), scale(0.1), u8(31),
                ],
                gives: [57, 0, 0, 235, 176, 221],
                [2, 3]
            ),
            .init(
                "halves with an odd zero point",
                "QLinearMul",
                try [toSeven, scale(0.5), u8(0), u8([1]), scale(1), u8(0), scale(1), u8(3)],
                gives: [3, 4, 4, 4, 5, 6, 6, 6],
                [8]
            ),
            .init(
                "signed, by one number",
                "QLinearMul",
                try [
                    s8([-44, -13, 73, -97], [2, 2]), scale(0.02), s8(-20), s8([-36]), scale(0.05), s8(7), scale(0.1),
                    s8(5),
                ],
                gives: [15, 2, -35, 38],
                [2, 2]
            ),
        ]
    }

    static func moving() throws(CNNOptError) -> [ContributedCase] {
        [
            .init(
                "three grids, one that of the result",
                "QLinearConcat",
                try [
                    scale(0.04), u8(100), u8([94, 15, 117, 164], [1, 2, 2]), scale(0.04), u8(100),
                    u8([197, 218], [1, 1, 2]), scale(0.1), u8(3), u8([55, 151, 205, 66], [1, 2, 2]), scale(0.02),
                    u8(128),
                ],
                [Attribute("axis", 1)],
                gives: [94, 15, 117, 164, 255, 255, 64, 112, 138, 69],
                [1, 5, 2]
            ),
            .init(
                "signed, along the last axis",
                "QLinearConcat",
                try [
                    scale(0.04), s8(-3), s8([-40, 87], [2, 1]), scale(0.1), s8(5), s8([20, 2, 44, 2], [2, 2]),
                    scale(0.03), s8(0),
                ],
                [Attribute("axis", -1)],
                gives: [-115, 12, -1, 127, 30, -1],
                [2, 3]
            ),
            .init(
                "broadcast",
                "QLinearWhere",
                try [
                    u8([1, 0], [2, 1]).cast(to: .bool), u8([170, 220, 215, 224, 79, 120], [2, 3]), scale(0.02),
                    u8(3), u8([158, 70, 235]), scale(0.05), u8(128), scale(0.04), u8(60),
                ],
                gives: [144, 168, 166, 98, 0, 194],
                [2, 3]
            ),
        ]
    }

    static func products() throws(CNNOptError) -> [ContributedCase] {
        let columns = try TensorData([0.01, 0.02, 0.03, 0.04] as [Float])
        let columnZeros = try s8([0, 1, -2, 3])
        return [
            .init(
                "unsigned by signed, columns with their own grid",
                "QGemm",
                try [
                    u8([1, 214, 165, 64, 184, 105], [2, 3]), scale(0.02), u8(120),
                    s8([14, 20, -9, -1, -12, 8, 6, 14, 13, 20, 19, 16], [3, 4]), columns, columnZeros,
                    TensorData([-350, -458, -18, -155] as [Int32]), scale(0.05), u8(100),
                ],
                gives: [90, 90, 130, 131, 92, 89, 107, 109],
                [2, 4]
            ),
            .init(
                "unsigned, both turned, alpha, C for each row",
                "QGemm",
                try [
                    u8([1, 64, 214, 184, 165, 105], [3, 2]), scale(0.02), u8(120),
                    u8([34, 8, 33, 40, 28, 40, 11, 26, 39, 19, 34, 36], [4, 3]), scale(0.03), u8(20),
                    TensorData([-350, -458] as [Int32], shape: [2, 1]), scale(0.05), u8(100),
                ],
                [Attribute("transA", 1), Attribute("transB", 1), Attribute("alpha", 0.5 as Float)],
                gives: [85, 94, 113, 111, 87, 92, 101, 102],
                [2, 4]
            ),
            .init(
                "signed, B turned, columns with their own grid",
                "QGemm",
                try [
                    s8([101, 76, -20, 19, 22, 100], [2, 3]), scale(0.02), s8(-7),
                    s8([14, -12, 13, 20, 8, 20, -9, 6, 19, -1, 14, 16], [4, 3]), columns, columnZeros,
                    TensorData([-350, -458, -18, -155] as [Int32], shape: [1, 4]), scale(0.02), s8(-30),
                ],
                [Attribute("transB", 1)],
                gives: [-30, 9, -41, -24, -19, 15, 38, 28],
                [2, 4]
            ),
        ]
    }

    static func all() throws(CNNOptError) -> [ContributedCase] {
        try binary() + pools() + moving() + functions() + products()
    }
}
