import COneDNN
import Testing

/// Sizes of a tensor, outermost axis first, and where its elements lie.
final class Layout {
    let shape: [Int]
    let strides: [Int]
    let handle: OpaquePointer

    /// - Parameter isChannelsLast: whether the second axis is the fastest, instead of the last.
    init(_ shape: [Int], isChannelsLast: Bool = false) throws {
        var order = Array(shape.indices)
        if isChannelsLast, shape.count > 2 { order.append(order.remove(at: 1)) }
        var strides = [Int](repeating: 1, count: shape.count)
        var stride = 1
        for axis in order.reversed() {
            strides[axis] = stride
            stride *= shape[axis]
        }
        self.shape = shape
        self.strides = strides
        var handle: OpaquePointer?
        let status = onednn_layout_create(
            &handle,
            Int32(shape.count),
            shape.map(Int64.init),
            ONEDNN_FLOAT,
            strides.map(Int64.init)
        )
        try #require(status == 0)
        self.handle = try #require(handle)
    }

    deinit { onednn_layout_destroy(handle) }

    var count: Int { shape.reduce(1, *) }

    /// Where the elements lie, in row-major order.
    var places: [Int] {
        (0..<count).map { flat in
            var (rest, place) = (flat, 0)
            for axis in shape.indices.reversed() {
                place += rest % shape[axis] * strides[axis]
                rest /= shape[axis]
            }
            return place
        }
    }
}

/// An operand that a kernel reads, its elements in row-major order.
struct Operand {
    let role: onednn_role
    let index: Int32
    let layout: Layout
    let values: [Double]

    init(_ role: onednn_role, _ layout: Layout, _ values: [Double], index: Int32 = 0) {
        self.role = role
        self.index = index
        self.layout = layout
        self.values = values
    }
}

/// A kernel and, after a run, what it leaves for its gradient's.
final class Kernel {
    let handle: OpaquePointer
    private var workspace: UnsafeMutableRawPointer?

    /// - Parameter make: gives the status of the shim's function.
    init(_ make: (inout OpaquePointer?) -> Int32) throws {
        var handle: OpaquePointer?
        let status = make(&handle)
        try #require(status == 0, "status \(status)")
        self.handle = try #require(handle)
    }

    deinit {
        onednn_kernel_destroy(handle)
        workspace?.deallocate()
    }

    /// Runs once.
    /// - Parameters:
    ///   - results: roles and layouts of what is written.
    ///   - forward: the kernel whose workspace this one reads.
    /// - Returns: the results, in row-major order.
    func run(_ operands: [Operand], _ results: [(onednn_role, Layout)], after forward: Kernel? = nil) throws
        -> [[Double]]
    {
        var call: OpaquePointer?
        try #require(onednn_call_create(&call, handle) == 0)
        let bound = try #require(call)
        defer { onednn_call_destroy(bound) }
        var memory: [UnsafeMutablePointer<Float>] = []
        defer { memory.forEach { $0.deallocate() } }
        func allocate(_ layout: Layout) -> UnsafeMutablePointer<Float> {
            let pointer = UnsafeMutablePointer<Float>.allocate(capacity: layout.count)
            // What is not written shows.
            pointer.initialize(repeating: .nan, count: layout.count)
            memory.append(pointer)
            return pointer
        }
        for operand in operands {
            let pointer = allocate(operand.layout)
            for (place, value) in zip(operand.layout.places, operand.values) { pointer[place] = Float(value) }
            try #require(onednn_call_bind(bound, operand.role, operand.index, pointer) == 0)
        }
        let targets = try results.map { role, layout in
            let pointer = allocate(layout)
            try #require(onednn_call_bind(bound, role, 0, pointer) == 0)
            return (pointer, layout)
        }
        let scratch = UnsafeMutableRawPointer.allocate(byteCount: onednn_kernel_scratch(handle) + 64, alignment: 64)
        defer { scratch.deallocate() }
        try #require(onednn_call_bind(bound, ONEDNN_SCRATCH, 0, scratch) == 0)
        if let space = try forward.map({ $0.workspace }) ?? allocateWorkspace() {
            try #require(onednn_call_bind(bound, ONEDNN_WORKSPACE, 0, space) == 0)
        }
        try #require(onednn_call_run(bound) == 0)
        return targets.map { pointer, layout in layout.places.map { Double(pointer[$0]) } }
    }

    private func allocateWorkspace() throws -> UnsafeMutableRawPointer? {
        if let workspace { return workspace }
        var layout: OpaquePointer?
        guard onednn_kernel_layout(&layout, handle, ONEDNN_WORKSPACE) == 0, let layout else { return nil }
        defer { onednn_layout_destroy(layout) }
        workspace = .allocate(byteCount: onednn_layout_bytes(layout), alignment: 64)
        return workspace
    }
}

extension onednn_window {
    init(kernel: [Int], strides: [Int], dilations: [Int], padBegin: [Int], padEnd: [Int]) {
        self.init()
        rank = Int32(kernel.count)
        func fill(_ bytes: UnsafeMutableRawBufferPointer, _ values: [Int]) {
            for (i, value) in values.enumerated() {
                bytes.storeBytes(of: Int64(value), toByteOffset: 8 * i, as: Int64.self)
            }
        }
        withUnsafeMutableBytes(of: &self.kernel) { fill($0, kernel) }
        withUnsafeMutableBytes(of: &self.strides) { fill($0, strides) }
        withUnsafeMutableBytes(of: &self.dilations) { fill($0, dilations) }
        withUnsafeMutableBytes(of: &pad_begin) { fill($0, padBegin) }
        withUnsafeMutableBytes(of: &pad_end) { fill($0, padEnd) }
    }
}
