import CCompactSchema
import ONNXFormat
import Tensors

extension CompactIndex {
    /// The index as a protobuf message.
    package func serialized() -> [UInt8] {
        var message = Cnnopt__CompactIndex()
        cnnopt__compact_index__init(&message)
        (message.has_model_bytes, message.model_bytes) = (1, UInt64(modelBytes))
        (message.has_model_checksum, message.model_checksum) = (1, modelChecksum)
        let tables = payloads.map(\.table)
        var grids = gridLists()
        return withPointers(sections.map(Self.message)) { sections in
            (message.n_sections, message.sections) = (sections.count, sections.baseAddress)
            return withPointers(payloads.map(Self.message)) { payloads in
                (message.n_payloads, message.payloads) = (payloads.count, payloads.baseAddress)
                return Self.withTables(tables, payloads) {
                    grids.withUnsafeMutableBufferPointer { grids in
                        message.has_grids = grids.isEmpty ? 0 : 1
                        message.grids = ProtobufCBinaryData(len: grids.count, data: grids.baseAddress)
                        return packed(&message)
                    }
                }
            }
        }
    }

    private static func message(_ section: Section) -> Cnnopt__CompactSection {
        var message = Cnnopt__CompactSection()
        cnnopt__compact_section__init(&message)
        set(&message.has_method, &message.method, Cnnopt__CompactMethod(section.method.rawValue))
        set(&message.has_decoded, &message.decoded, UInt64(section.decoded))
        set(&message.has_coded_bytes, &message.coded_bytes, UInt64(section.codedBytes))
        set(&message.has_raw_bytes, &message.raw_bytes, UInt64(section.rawBytes))
        set(&message.has_modelled_bits, &message.modelled_bits, UInt32(section.modelledBits))
        (message.has_checksum, message.checksum) = (1, section.checksum)
        return message
    }

    private static func message(_ payload: Payload) -> Cnnopt__CompactPayload {
        var message = Cnnopt__CompactPayload()
        cnnopt__compact_payload__init(&message)
        set(&message.has_gap, &message.gap, UInt64(payload.gap))
        set(&message.has_byte_count, &message.byte_count, UInt64(payload.byteCount))
        set(&message.has_coding, &message.coding, Cnnopt__CompactCoding(payload.coding.rawValue))
        set(&message.has_element, &message.element, Cnnopt__CompactElement(payload.element.rawValue))
        set(&message.has_section, &message.section, UInt32(payload.section))
        if payload.sectionCount != 1 {
            set(&message.has_section_count, &message.section_count, UInt32(payload.sectionCount))
        }
        set(&message.has_back, &message.back, UInt32(payload.back))
        set(&message.has_elements, &message.elements, UInt64(payload.elements))
        set(&message.has_row_length, &message.row_length, UInt64(payload.rowLength))
        if payload.kernelLength != 1 {
            set(&message.has_kernel_length, &message.kernel_length, UInt32(payload.kernelLength))
        }
        set(&message.has_top, &message.top, UInt32(payload.top))
        set(&message.has_middle, &message.middle, UInt32(payload.middle))
        let flags: UInt32 =
            (payload.hasZeros ? 1 : 0) | (payload.zerosHaveSigns ? 2 : 0) | payload.gridFlags
            | (payload.hasRawSigns ? 64 : 0)
        set(&message.has_flags, &message.flags, flags)
        set(&message.has_width, &message.width, UInt32(payload.width))
        set(&message.has_lowest, &message.lowest, Int32(payload.lowest))
        set(&message.has_offset, &message.offset, payload.offset)
        if payload.step != 0 { (message.has_step, message.step) = (1, payload.step) }
        set(&message.has_zeros, &message.zeros, UInt64(payload.zeros))
        if payload.gridAxis == 1 { set(&message.has_channels, &message.channels, UInt32(payload.steps.count)) }
        return message
    }

    /// Fills a field that differs from its default.
    private static func set<T: Equatable>(_ has: inout protobuf_c_boolean, _ field: inout T, _ value: T) {
        if value != field { (has, field) = (1, value) }
    }

    /// Points the messages to their tables while the body runs.
    private static func withTables<R>(
        _ tables: [[UInt8]],
        _ messages: UnsafeMutableBufferPointer<UnsafeMutablePointer<Cnnopt__CompactPayload>?>,
        _ body: () -> R
    ) -> R {
        let memory = tables.map { table in
            let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: table.count)
            _ = copy.initialize(from: table)
            return copy
        }
        defer { for copy in memory { copy.deallocate() } }
        for (index, table) in memory.enumerated() where !table.isEmpty {
            messages[index]?.pointee.has_table = 1
            messages[index]?.pointee.table = ProtobufCBinaryData(len: table.count, data: table.baseAddress)
        }
        return body()
    }
}

/// Hands the body pointers to the messages.
private func withPointers<M, R>(
    _ messages: [M],
    _ body: (UnsafeMutableBufferPointer<UnsafeMutablePointer<M>?>) -> R
) -> R {
    let memory = UnsafeMutableBufferPointer<M>.allocate(capacity: messages.count)
    _ = memory.initialize(from: messages)
    let pointers = UnsafeMutableBufferPointer<UnsafeMutablePointer<M>?>.allocate(capacity: messages.count)
    _ = pointers.initialize(from: (0..<messages.count).map { index in memory.baseAddress.map { $0 + index } })
    defer {
        memory.deallocate()
        pointers.deallocate()
    }
    return body(pointers)
}

extension CompactIndex {
    /// Reads the index.
    /// - Throws: `invalidModel` where the bytes are no index or a number in it cannot be.
    init(serialized bytes: UnsafeRawBufferPointer) throws(CNNOptError) {
        var empty = Cnnopt__CompactIndex()
        cnnopt__compact_index__init(&empty)
        guard let descriptor: WireGuard.Descriptor = empty.base.descriptor else {
            throw Self.broken("it has no schema")
        }
        do throws(CNNOptError) {
            try WireGuard.check(bytes, as: descriptor)
        } catch {
            throw Self.broken("it is no sound message")
        }
        self = try ProtobufHeap().withUnpacked(bytes, as: descriptor) { (message) throws(CNNOptError) in
            let index = UnsafeMutableRawPointer(message).assumingMemoryBound(to: Cnnopt__CompactIndex.self).pointee
            var result = CompactIndex()
            result.modelBytes = try Self.size(index.model_bytes)
            result.modelChecksum = index.model_checksum
            for section in UnsafeBufferPointer(start: index.sections, count: index.n_sections) {
                if let section { result.sections.append(try Self.section(section.pointee)) }
            }
            var lists = GridListReader()
            for payload in UnsafeBufferPointer(start: index.payloads, count: index.n_payloads) {
                guard let payload else { continue }
                result.payloads.append(try Self.payload(payload.pointee))
                try lists.note(
                    &result.payloads[result.payloads.count - 1],
                    payload.pointee.flags,
                    payload.pointee.channels
                )
            }
            let grids = UnsafeBufferPointer(
                start: index.grids.data,
                count: index.grids.data == nil ? 0 : index.grids.len
            )
            try lists.read(Array(grids), into: &result.payloads)
            return result
        }
    }

    private static func section(_ message: Cnnopt__CompactSection) throws(CNNOptError) -> Section {
        var section = Section()
        guard let method = Method(rawValue: UInt32(message.method.rawValue)) else {
            throw CNNOptError(
                .unsupported,
                "a section of the compact file is coded by method \(message.method.rawValue), which this build does not know"
            )
        }
        section.method = method
        section.decoded = try size(message.decoded)
        section.codedBytes = try size(message.coded_bytes)
        section.rawBytes = try size(message.raw_bytes)
        guard message.modelled_bits <= 4 else {
            throw broken("\(message.modelled_bits) bits are more than are modelled")
        }
        section.modelledBits = Int(message.modelled_bits)
        section.checksum = message.checksum
        return section
    }

    private static func payload(_ message: Cnnopt__CompactPayload) throws(CNNOptError) -> Payload {
        var payload = Payload()
        guard let coding = Coding(rawValue: UInt32(message.coding.rawValue)),
            let element = ElementLayout(rawValue: UInt32(message.element.rawValue))
        else {
            throw CNNOptError(
                .unsupported,
                "a tensor of the compact file has coding \(message.coding.rawValue) or element layout \(message.element.rawValue), which this build does not know"
            )
        }
        payload.coding = coding
        payload.element = element
        payload.gap = try size(message.gap)
        payload.byteCount = try size(message.byte_count)
        payload.section = try size(UInt64(message.section))
        payload.sectionCount = message.has_section_count != 0 ? try size(UInt64(message.section_count)) : 1
        payload.back = try size(UInt64(message.back))
        payload.elements = try size(message.elements)
        payload.rowLength = try size(message.row_length)
        payload.kernelLength = message.has_kernel_length != 0 ? try size(UInt64(message.kernel_length)) : 1
        payload.top = try size(UInt64(message.top))
        payload.middle = try size(UInt64(message.middle))
        payload.hasZeros = message.flags & 1 != 0
        payload.zerosHaveSigns = message.flags & 2 != 0
        payload.hasRawSigns = message.flags & 64 != 0
        payload.width = try size(UInt64(message.width))
        payload.lowest = Int(message.lowest)
        payload.offset = message.offset
        payload.step = message.step
        payload.zeros = try size(message.zeros)
        payload.table = Array(
            UnsafeBufferPointer(start: message.table.data, count: message.table.data == nil ? 0 : message.table.len)
        )
        return payload
    }

    /// Sizes are those of a model file: under 2³¹.
    private static func size(_ value: UInt64) throws(CNNOptError) -> Int {
        guard value <= UInt64(CompactFile.largestModel) else {
            throw broken("\(value) is no size that a model can have")
        }
        return Int(value)
    }

    static func broken(_ reason: String) -> CNNOptError {
        CNNOptError(
            .invalidModel,
            "the index of the compact file is broken: \(reason)",
            remedy: "the file is damaged, or it is no compact model"
        )
    }
}
