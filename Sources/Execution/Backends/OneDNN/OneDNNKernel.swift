import COneDNN
import Operators
import Tensors

/// A memory layout of oneDNN.
///
/// Unchecked: the C object does not change.
final class OneDNNLayout: @unchecked Sendable {
    let handle: OpaquePointer

    fileprivate init(_ handle: OpaquePointer) { self.handle = handle }

    /// - Parameter strides: in elements; nil leaves the order to the kernel.
    convenience init(_ sizes: [Int], _ type: onednn_type, strides: [Int]?) throws(CNNOptError) {
        var handle: OpaquePointer?
        let status =
            if let strides {
                onednn_layout_create(&handle, Int32(sizes.count), sizes.map(Int64.init), type, strides.map(Int64.init))
            } else {
                onednn_layout_create(&handle, Int32(sizes.count), sizes.map(Int64.init), type, nil)
            }
        guard status == 0, let handle else { throw OneDNNKernel.failure(status) }
        self.init(handle)
    }

    deinit { onednn_layout_destroy(handle) }

    var byteCount: Int { onednn_layout_bytes(handle) }

    func isEqual(to other: OneDNNLayout) -> Bool { onednn_layout_equal(handle, other.handle) != 0 }
}

/// A primitive of oneDNN, shared between threads.
///
/// Unchecked: the C object does not change.
final class OneDNNKernel: @unchecked Sendable {
    fileprivate let handle: OpaquePointer
    /// The implementation that oneDNN chose.
    let name: String
    let scratchBytes: Int

    /// - Parameter make: a function of the shim; its status other than 0 is an error.
    init(_ make: (inout OpaquePointer?) -> Int32) throws(CNNOptError) {
        var handle: OpaquePointer?
        let status = make(&handle)
        guard status == 0, let handle else { throw Self.failure(status) }
        self.handle = handle
        name = String(cString: onednn_kernel_name(handle))
        scratchBytes = onednn_kernel_scratch(handle)
    }

    /// A convolution, or the transpose of one.
    convenience init(
        convolution form: Convolution,
        source: OneDNNLayout,
        weights: OneDNNLayout,
        bias: OneDNNLayout?,
        result: OneDNNLayout,
        _ attributes: onednn_attributes
    ) throws(CNNOptError) {
        var window = onednn_window(form.axes)
        var attributes = attributes
        try self.init { handle in
            onednn_convolution(
                &handle,
                source.handle,
                weights.handle,
                bias?.handle,
                result.handle,
                &window,
                &attributes,
                form.isTransposed ? 1 : 0
            )
        }
    }

    deinit { onednn_kernel_destroy(handle) }

    /// oneDNN's plain loops, for what none of its fast kernels takes.
    var isPlain: Bool { name.hasPrefix("ref") }

    /// A convolution as a matrix product of unfolded data.
    var isProduct: Bool { name.contains("gemm") }

    /// The layout that the kernel wants of an operand.
    func layout(_ role: onednn_role) throws(CNNOptError) -> OneDNNLayout {
        var layout: OpaquePointer?
        let status = onednn_kernel_layout(&layout, handle, role)
        guard status == 0, let layout else { throw Self.failure(status) }
        return OneDNNLayout(layout)
    }

    /// Runs once on memory, outside a plan.
    func run(_ operands: [(onednn_role, UnsafeMutableRawPointer)]) throws(CNNOptError) {
        let scratch = try TensorStorage.allocate(byteCount: scratchBytes, zeroed: false)
        let call = try OneDNNCall(self)
        for (role, memory) in operands { call.bind(role, 0, memory) }
        call.bind(ONEDNN_SCRATCH, 0, scratch.base)
        try call.run()
    }

    /// Why something could not be made.
    static func failure(_ status: Int32) -> CNNOptError {
        CNNOptError(
            .unsupported,
            "oneDNN \(String(cString: onednn_version())) has no kernel for these shapes and types (status \(status))"
        )
    }
}

/// A kernel bound to memory; belongs to one thread at a time.
final class OneDNNCall {
    private let handle: OpaquePointer
    private let kernel: OneDNNKernel

    init(_ kernel: OneDNNKernel) throws(CNNOptError) {
        var handle: OpaquePointer?
        let status = onednn_call_create(&handle, kernel.handle)
        guard status == 0, let handle else { throw OneDNNKernel.failure(status) }
        self.handle = handle
        self.kernel = kernel
    }

    deinit { onednn_call_destroy(handle) }

    func bind(_ role: onednn_role, _ index: Int32, _ memory: UnsafeMutableRawPointer) {
        _ = onednn_call_bind(handle, role, index, memory)
    }

    func run() throws(CNNOptError) {
        let status = onednn_call_run(handle)
        guard status == 0 else { throw CNNOptError(.internalFault, "oneDNN stopped with status \(status)") }
    }
}

extension onednn_window {
    init(_ axes: [Windows.Axis]) {
        self.init()
        rank = Int32(axes.count)
        func fill(_ list: UnsafeMutableRawBufferPointer, _ value: (Windows.Axis) -> Int) {
            for (index, axis) in axes.enumerated() where (index + 1) * 8 <= list.count {
                list.storeBytes(of: Int64(value(axis)), toByteOffset: index * 8, as: Int64.self)
            }
        }
        withUnsafeMutableBytes(of: &kernel) { fill($0) { $0.kernel } }
        withUnsafeMutableBytes(of: &strides) { fill($0) { $0.stride } }
        withUnsafeMutableBytes(of: &dilations) { fill($0) { $0.dilation } }
        withUnsafeMutableBytes(of: &pad_begin) { fill($0) { $0.padBegin } }
        // The last window may stick out of the padding, or leave some of it unread.
        withUnsafeMutableBytes(of: &pad_end) { fill($0) { $0.lastReach - $0.input - $0.padBegin } }
    }
}

extension onednn_attributes {
    /// Appends a post operation.
    mutating func append(_ operation: onednn_post_operation) {
        let index = Int(count)
        withUnsafeMutableBytes(of: &operations) { bytes in
            bytes.assumingMemoryBound(to: onednn_post_operation.self)[index] = operation
        }
        count += 1
    }
}

extension PlanBuilder {
    /// oneDNN's layout of a value in an order.
    func layout(_ value: Int, _ order: AxisOrder) throws(CNNOptError) -> OneDNNLayout {
        let type = try type(value)
        return try OneDNNLayout(type.shape, type.elementType.oneDNN(), strides: order.strides(type.shape))
    }

    /// A step of the library that turns one operand into a result.
    mutating func addLibrary(
        _ operation: Operation,
        _ kernel: OneDNNKernel,
        order: AxisOrder,
        from data: Int,
        to result: Int
    ) {
        let ends = [
            OneDNNBinding(role: ONEDNN_SOURCE, buffer: data), OneDNNBinding(role: ONEDNN_RESULT, buffer: result),
        ]
        addLibrary(operation, kernel, order: order, ends)
    }
}

extension ElementType {
    /// - Throws: `unsupported` for types that no plan hands to oneDNN.
    func oneDNN() throws(CNNOptError) -> onednn_type {
        switch self {
        case .float32: ONEDNN_FLOAT
        case .int8: ONEDNN_INT8
        case .uint8: ONEDNN_UINT8
        case .int32: ONEDNN_INT32
        default: throw CNNOptError(.unsupported, "element type \(onnxName)")
        }
    }
}
