import CKernels
import Operators
import Tensors

extension PlanBuilder {
    /// A convolution over several pixels whose weights are larger than a processor's second cache, as a blocked matrix product:
    /// oneDNN's direct kernels read such weights again and again. Those over one pixel do not.
    /// - Returns: whether the convolution is one.
    mutating func addBlockedConvolution(_ operation: Operation, _ form: Convolution) throws(CNNOptError) -> Bool {
        let values = operation.inputs.compactMap { $0 }
        guard let weight = program.values[values[1]].constant, weight.byteCount >= Self.cachedBytes, form.groups == 1,
            !form.isTransposed, form.axes.count <= 2, weight.shape[2...].reduce(1, *) > 1,
            let ending = BlockedEnding(form.epilogue)
        else { return false }
        let shape = program.shape(values[0])
        let order = AxisOrder.channelsLast(shape.count)
        let data = try operand(values[0], order)
        let addend = ending.adds ? try operand(values[form.hasBias ? 3 : 2], order) : nil
        let kernel = try form.kernelForm(batch: shape[0], weight: weight.shape)
        let (packedBytes, scratchBytes) = withUnsafePointer(to: kernel) {
            (ck_convolution_f32_packed_size($0), ck_convolution_f32_scratch($0, Int32(threads)))
        }
        let packed = try TensorStorage.allocate(byteCount: packedBytes)
        try weight.withElements(Float.self) { (numbers) throws(CNNOptError) in
            withUnsafePointer(to: kernel) { ck_convolution_f32_pack($0, numbers.baseAddress, packed.base) }
        }
        let weights = addBuffer(packedBytes, .stored(packed))
        let bias = form.hasBias ? program.values[values[2]].constant : nil
        let zeros = try TensorData(zeros: .float32, shape: [weight.shape[0]])
        let offsets = try addStored(bias ?? zeros)
        let scratch = addBuffer(scratchBytes)
        let output = operation.outputs[0]
        let result: Int
        if let addend, addend != data, canOverwrite(addend, with: output) {
            place(output, Placement(buffer: addend, order: order))
            result = addend
        } else {
            result = try self.result(output, order)
        }
        let clamp = ending.clamp
        let reads = [data, weights, offsets] + (addend.map { [$0] } ?? [])
        addKernel(operation, "blocked product", order: order, reads: reads, writes: [result, scratch]) {
            table,
            threads in
            withUnsafePointer(to: kernel) {
                ck_convolution_f32_run(
                    $0,
                    table[data].assumingMemoryBound(to: Float.self),
                    table[weights],
                    table[offsets].assumingMemoryBound(to: Float.self),
                    addend.map { UnsafePointer(table[$0].assumingMemoryBound(to: Float.self)) },
                    table[result].assumingMemoryBound(to: Float.self),
                    clamp.low,
                    clamp.high,
                    table[scratch],
                    threads
                )
            }
        }
        return true
    }

    /// Weights up to this size stay in the cache from one part of the image to the next.
    private static let cachedBytes = 1 << 19
}

/// An epilogue that the blocked kernel takes: an addition, a clamp, or one after the other.
private struct BlockedEnding {
    var adds = false
    var clamp = Clamp.none

    init?(_ steps: [EpilogueStep]) {
        for (index, step) in steps.enumerated() {
            switch step {
            case .addition:
                guard index == 0 else { return nil }
                adds = true
            case .function(let function):
                guard let bounds = function.clamp, index == steps.count - 1 else { return nil }
                clamp = bounds
            }
        }
    }
}

extension Convolution {
    /// The form of our kernels; what concerns grids is left at 0.
    func kernelForm(batch: Int, weight: [Int]) throws(CNNOptError) -> ck_convolution {
        let single = try Windows(covering: 1).axes([1])
        let (rows, columns) = axes.count > 1 ? (axes[0], axes[1]) : (single[0], axes[0])
        var result = ck_convolution()
        result.batch = Int64(batch)
        result.groups = Int64(groups)
        result.in_channels = Int64(weight[1] * groups)
        result.out_channels = Int64(weight[0])
        (result.in_height, result.in_width) = (Int64(rows.input), Int64(columns.input))
        (result.out_height, result.out_width) = (Int64(rows.output), Int64(columns.output))
        (result.kernel_height, result.kernel_width) = (Int64(rows.kernel), Int64(columns.kernel))
        (result.stride_height, result.stride_width) = (Int64(rows.stride), Int64(columns.stride))
        (result.dilation_height, result.dilation_width) = (Int64(rows.dilation), Int64(columns.dilation))
        (result.pad_top, result.pad_left) = (Int64(rows.padBegin), Int64(columns.padBegin))
        return result
    }
}
