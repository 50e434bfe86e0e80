import COneDNN
import Operators
import Tensors

extension ElementaryFunction {
    /// The function as post operations of oneDNN.
    var oneDNN: [onednn_post_operation] {
        func operation(_ function: onednn_function, _ alpha: Float = 0, _ beta: Float = 0) -> onednn_post_operation {
            var result = onednn_post_operation()
            result.function = function
            result.alpha = alpha
            result.beta = beta
            return result
        }
        return switch self {
        case .clamp(0, .infinity): [operation(ONEDNN_RELU)]
        case .clamp(let low, let high): [operation(ONEDNN_CLIP, low, high)]
        case .leakyRelu(let slope): [operation(ONEDNN_RELU, slope)]
        case .elu(let alpha): [operation(ONEDNN_ELU, alpha)]
        case .sigmoid: [operation(ONEDNN_LOGISTIC)]
        case .tanh: [operation(ONEDNN_TANH)]
        case .exponential: [operation(ONEDNN_EXP)]
        case .logarithm: [operation(ONEDNN_LOG)]
        case .squareRoot: [operation(ONEDNN_SQRT)]
        case .absolute: [operation(ONEDNN_ABS)]
        case .softplus: [operation(ONEDNN_SOFTPLUS)]
        case .mish: [operation(ONEDNN_MISH)]
        case .swish(let alpha): [operation(ONEDNN_SWISH, alpha)]
        case .gelu: [operation(ONEDNN_GELU)]
        case .hardSwish: [operation(ONEDNN_HARDSWISH)]
        case .hardSigmoid(let alpha, let beta): [operation(ONEDNN_LINEAR, alpha, beta), operation(ONEDNN_CLIP, 0, 1)]
        }
    }
}

extension PlanBuilder {
    /// What a kernel with an epilogue is given: attributes, the operands that are bound to it, and whether the result is
    /// written over one of them.
    struct Epilogue {
        var attributes = onednn_attributes()
        var bindings: [OneDNNBinding] = []
        /// The buffer whose contents are added, and then overwritten.
        var sum: Int?
        /// Held as long as the attributes are used.
        var layouts: [OneDNNLayout] = []
    }

    /// - Parameters:
    ///   - operands: values that additions take, in turn.
    ///   - reserved: the buffer of the kernel's own operand, which must not be overwritten.
    mutating func epilogue(
        _ steps: [EpilogueStep],
        _ operands: [Int],
        result: Int,
        _ order: AxisOrder,
        reserved: Int
    ) throws(CNNOptError) -> Epilogue {
        var epilogue = Epilogue()
        var next = 0
        for step in steps {
            switch step {
            case .function(let function): function.oneDNN.forEach { epilogue.attributes.append($0) }
            case .addition:
                let buffer = try operand(operands[next], order)
                var operation = onednn_post_operation()
                if epilogue.sum == nil, buffer != reserved, canOverwrite(buffer, with: result) {
                    operation.kind = ONEDNN_POST_SUM
                    epilogue.sum = buffer
                } else {
                    let layout = try layout(operands[next], order)
                    operation.kind = ONEDNN_POST_ADD
                    operation.operand = layout.handle
                    epilogue.layouts.append(layout)
                    let index = Int32(epilogue.bindings.count)
                    epilogue.bindings.append(OneDNNBinding(role: ONEDNN_OPERAND, index: index, buffer: buffer))
                }
                epilogue.attributes.append(operation)
                next += 1
            }
        }
        return epilogue
    }

    /// Runs the steps of an epilogue one by one on a result that a kernel could not take them into.
    mutating func addUnfused(
        _ steps: [EpilogueStep],
        _ operands: [Int],
        from value: Int,
        _ operation: Operation
    ) throws(CNNOptError) {
        var source = value
        var next = 0
        for (index, step) in steps.enumerated() {
            let target = index == steps.count - 1 ? operation.outputs[0] : temporary(like: operation.outputs[0])
            var part = operation
            part.macs = 0
            part.outputs = [target]
            switch step {
            case .function(let function):
                part.kind = .function(function)
                part.inputs = [source]
            case .addition:
                part.kind = .pair(.add, .none)
                part.inputs = [source, operands[next]]
                next += 1
            }
            try add(part)
            source = target
        }
    }
}
