import COneDNN
import Foundation
import Testing

/// A function of one number, with its parameters.
struct FunctionCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let function: onednn_function
    var alpha: Float = 0
    var beta: Float = 0
    /// Whether its gradient can be told by its result.
    var hasInverse = false
    /// Added to numbers in −2 … 2.
    var offset = 0.0
    let plain: @Sendable (Double) -> Double

    static let all = [
        FunctionCase(testDescription: "relu", function: ONEDNN_RELU, hasInverse: true) { max($0, 0) },
        FunctionCase(testDescription: "leaky relu", function: ONEDNN_RELU, alpha: 0.25, hasInverse: true) {
            $0 > 0 ? $0 : 0.25 * $0
        },
        FunctionCase(testDescription: "clip", function: ONEDNN_CLIP, alpha: -0.5, beta: 1.25) {
            min(max($0, -0.5), 1.25)
        },
        FunctionCase(testDescription: "elu", function: ONEDNN_ELU, alpha: 0.5, hasInverse: true) {
            $0 > 0 ? $0 : 0.5 * expm1($0)
        },
        FunctionCase(testDescription: "logistic", function: ONEDNN_LOGISTIC, hasInverse: true) { 1 / (1 + exp(-$0)) },
        FunctionCase(testDescription: "tanh", function: ONEDNN_TANH, hasInverse: true) { tanh($0) },
        FunctionCase(testDescription: "exp", function: ONEDNN_EXP, hasInverse: true) { exp($0) },
        FunctionCase(testDescription: "log", function: ONEDNN_LOG, offset: 2.5) { log($0) },
        FunctionCase(testDescription: "sqrt", function: ONEDNN_SQRT, hasInverse: true, offset: 2.5) { $0.squareRoot() },
        FunctionCase(testDescription: "abs", function: ONEDNN_ABS) { abs($0) },
        FunctionCase(testDescription: "softplus", function: ONEDNN_SOFTPLUS) { log1p(exp($0)) },
        FunctionCase(testDescription: "mish", function: ONEDNN_MISH) { $0 * tanh(log1p(exp($0))) },
        FunctionCase(testDescription: "swish", function: ONEDNN_SWISH, alpha: 1.5) { $0 / (1 + exp(-1.5 * $0)) },
        FunctionCase(testDescription: "gelu", function: ONEDNN_GELU) { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) },
        FunctionCase(testDescription: "hard swish", function: ONEDNN_HARDSWISH) {
            $0 * min(max($0 / 6 + 0.5, 0), 1)
        },
        FunctionCase(testDescription: "linear", function: ONEDNN_LINEAR, alpha: -2, beta: 3) { -2 * $0 + 3 },
    ]
}

@Suite struct ElementwiseTests {
    @Test(arguments: FunctionCase.all) func functionAndItsGradient(_ form: FunctionCase) throws {
        for shape in [[37], [2, 3, 5, 7], [1, 16, 4]] {
            let layout = try Layout(shape)
            let x = numbers(layout.count, 9).map { Double(Float(2 * $0 + form.offset)) }
            let r = numbers(layout.count, 10)
            let forward = try Kernel {
                onednn_eltwise(&$0, form.function, form.alpha, form.beta, layout.handle, nil)
            }
            let y = try forward.run([Operand(ONEDNN_SOURCE, layout, x)], [(ONEDNN_RESULT, layout)])[0]
            expectClose(y, x.map(form.plain), "result")
            // Each element has a gradient of its own.
            let expected = zip(x, r).map { (form.plain($0 + 1e-5) - form.plain($0 - 1e-5)) / 2e-5 * $1 }
            let gradient = Operand(ONEDNN_RESULT_GRADIENT, layout, r)
            let bySource = try Kernel {
                onednn_eltwise_gradient(
                    &$0,
                    forward.handle,
                    form.function,
                    form.alpha,
                    form.beta,
                    layout.handle,
                    0
                )
            }
            expectClose(
                try bySource.run([Operand(ONEDNN_SOURCE, layout, x), gradient], [(ONEDNN_SOURCE_GRADIENT, layout)])[0],
                expected,
                "gradient by the source"
            )
            guard form.hasInverse else {
                var refused: OpaquePointer?
                let status = onednn_eltwise_gradient(
                    &refused,
                    forward.handle,
                    form.function,
                    form.alpha,
                    form.beta,
                    layout.handle,
                    1
                )
                #expect(status == ONEDNN_UNIMPLEMENTED && refused == nil)
                continue
            }
            let byResult = try Kernel {
                onednn_eltwise_gradient(
                    &$0,
                    forward.handle,
                    form.function,
                    form.alpha,
                    form.beta,
                    layout.handle,
                    1
                )
            }
            expectClose(
                try byResult.run([Operand(ONEDNN_RESULT, layout, y), gradient], [(ONEDNN_SOURCE_GRADIENT, layout)])[0],
                expected,
                "gradient by the result"
            )
        }
    }

    @Test(arguments: [([5], 0), ([3, 9], 1), ([4, 17], 0), ([2, 5, 3, 4], 1), ([2, 3, 6], 2)], [false, true])
    func softmaxAndItsGradient(_ form: ([Int], Int), isLogarithm: Bool) throws {
        let (shape, axis) = form
        let layout = try Layout(shape)
        let (length, inner) = (shape[axis], shape[(axis + 1)...].reduce(1, *))
        func plain(_ x: [Double]) -> [Double] {
            x.indices.map { i in
                let first = i - i / inner % length * inner
                let sum = (0..<length).reduce(0) { $0 + exp(x[first + $1 * inner]) }
                return isLogarithm ? x[i] - log(sum) : exp(x[i]) / sum
            }
        }
        let x = numbers(layout.count, 11).map { 3 * $0 }
        let r = numbers(layout.count, 12)
        let flag: Int32 = isLogarithm ? 1 : 0
        let forward = try Kernel { onednn_softmax(&$0, layout.handle, Int32(axis), flag, nil) }
        let y = try forward.run([Operand(ONEDNN_SOURCE, layout, x)], [(ONEDNN_RESULT, layout)])[0]
        expectClose(y, plain(x), "result")
        let gradient = try Kernel {
            onednn_softmax_gradient(&$0, forward.handle, layout.handle, Int32(axis), flag)
        }
        let back = try gradient.run(
            [Operand(ONEDNN_RESULT, layout, y), Operand(ONEDNN_RESULT_GRADIENT, layout, r)],
            [(ONEDNN_SOURCE_GRADIENT, layout)]
        )
        expectClose(back[0], differences(at: x, weights: r, plain), "gradient")
    }

    @Test(
        arguments: [([2, 3, 5], [2, 3, 5]), ([2, 3, 5], [1, 3, 1]), ([4, 17], [4, 1]), ([7], [1])],
        [ONEDNN_ADD, ONEDNN_SUBTRACT, ONEDNN_MULTIPLY, ONEDNN_DIVIDE, ONEDNN_GREATER, ONEDNN_LESSER]
    )
    func pairs(_ shapes: ([Int], [Int]), _ pair: onednn_pair) throws {
        let (left, right) = (try Layout(shapes.0), try Layout(shapes.1))
        let (a, b) = (numbers(left.count, 13), numbers(right.count, 14).map { $0 + ($0 < 0 ? -0.5 : 0.5) })
        let expected = indices(shapes.0).enumerated().map { i, index in
            let other = zip(index, shapes.1).reduce(0) { $0 * $1.1 + ($1.1 == 1 ? 0 : $1.0) }
            let (x, y) = (a[i], b[other])
            return switch pair {
            case ONEDNN_ADD: x + y
            case ONEDNN_SUBTRACT: x - y
            case ONEDNN_MULTIPLY: x * y
            case ONEDNN_DIVIDE: x / y
            case ONEDNN_GREATER: max(x, y)
            default: min(x, y)
            }
        }
        let kernel = try Kernel { onednn_binary(&$0, pair, left.handle, right.handle, left.handle, nil) }
        let found = try kernel.run(
            [Operand(ONEDNN_SOURCE, left, a), Operand(ONEDNN_SOURCE, right, b, index: 1)],
            [(ONEDNN_RESULT, left)]
        )
        expectClose(found[0], expected, "result")
    }

    @Test(arguments: [([2, 3, 4], 1, [1, 3, 2]), ([5], 0, [4]), ([3, 2, 2, 2], 3, [1, 2, 3, 4, 5, 6, 7])])
    func concatenation(_ shape: [Int], _ axis: Int, _ sizes: [Int]) throws {
        func with(_ size: Int) -> [Int] { shape[..<axis] + [size] + shape[(axis + 1)...] }
        let layouts = try sizes.map { try Layout(with($0)) }
        let result = try Layout(with(sizes.reduce(0, +)))
        let values = layouts.enumerated().map { numbers($1.count, UInt64(20 + $0)) }
        let (outer, inner) = (shape[..<axis].reduce(1, *), shape[(axis + 1)...].reduce(1, *))
        let expected = (0..<outer).flatMap { row in
            sizes.indices.flatMap { values[$0][row * sizes[$0] * inner..<(row + 1) * sizes[$0] * inner] }
        }
        let handles = layouts.map { Optional($0.handle) }
        let kernel = try Kernel { onednn_concat(&$0, Int32(handles.count), handles, Int32(axis), result.handle) }
        let operands = layouts.indices.map { Operand(ONEDNN_SOURCE, layouts[$0], values[$0], index: Int32($0)) }
        let found = try kernel.run(operands, [(ONEDNN_RESULT, result)])
        #expect(found[0] == expected)
    }
}
