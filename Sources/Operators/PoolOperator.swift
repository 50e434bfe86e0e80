import GraphIR
import Tensors

/// An operator that slides a window over the spatial axes of N × C × spatial and treats every channel alike.
protocol PoolOperator: Operator {
    /// The kernel that is run once halves are widened.
    static func pool(_ site: OperatorSite) throws(CNNOptError)
        -> @Sendable (TensorData, PoolGeometry, Int) throws(CNNOptError) -> [TensorData]
}

extension PoolOperator {
    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let windows = try Windows(site)
        guard let shape = site.shape(0) else { return [site.type(0), TensorType(.int64, nil)] }
        guard shape.count >= 3 else { throw site.failure(.invalidModel, "an input of rank \(shape.count)") }
        let output = try Array(shape[..<2]) + windows.output(Array(shape[2...]))
        return [TensorType(site.elementType(0), output), TensorType(.int64, output)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let windows = try Windows(site)
        let pool = try pool(site)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            try HalfPrecision.widening(inputs) { (inputs) throws(CNNOptError) in
                let x = try inputs.required(0)
                return try pool(x, PoolGeometry(x, windows), threads)
            }
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling { .channels(site) }
}

/// An operator that reduces all spatial axes of N × C × spatial to size 1.
protocol GlobalPoolOperator: Operator {
    static func pool(_ site: OperatorSite) throws(CNNOptError)
        -> @Sendable (TensorData, PoolGeometry, Int) throws(CNNOptError) -> TensorData
}

extension GlobalPoolOperator {
    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        guard let shape = site.shape(0) else { return [site.type(0)] }
        guard shape.count >= 2 else { throw site.failure(.invalidModel, "an input of rank \(shape.count)") }
        return [TensorType(site.elementType(0), Array(shape[..<2]) + Shape(repeating: 1, count: shape.count - 2))]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let pool = try pool(site)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            try HalfPrecision.widening(inputs) { (inputs) throws(CNNOptError) in
                let x = try inputs.required(0)
                guard x.shape.count >= 2, !x.shape[2...].contains(0) else {
                    throw CNNOptError(.invalidModel, "an input of shape \(x.shape)")
                }
                // The whole plane as one row under one window.
                let flat = try x.reshaped([x.shape[0], x.shape[1], x.shape[2...].reduce(1, *)])
                let result = try pool(flat, PoolGeometry(flat, Windows(covering: flat.shape[2])), threads)
                return [try result.reshaped(Array(x.shape[..<2]) + x.shape[2...].map { _ in 1 })]
            }
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling { .channels(site) }
}

extension ChannelCoupling {
    /// Images and channels (axes 0 and 1) of the first input belong to those of the first output; other axes cannot shrink.
    static func channels(_ site: OperatorSite) -> ChannelCoupling {
        guard let shape = site.shape(0), shape.count >= 2 else { return .barrier("the rank of its input is unknown") }
        var coupling = ChannelCoupling()
        for axis in 0..<2 {
            guard let size = shape[axis].size else { continue }
            coupling.links.append(Link(Axis(.input(0), axis), Axis(.output(0), axis), count: size))
        }
        return coupling
    }
}

extension [AxisPadding] {
    /// The padding of the spatial axes of N × C × spatial; nil where images or channels are padded, or there is none.
    var behindChannels: [AxisPadding]? {
        guard count >= 3, prefix(2).allSatisfy({ $0 == AxisPadding(front: 0, back: 0) }) else { return nil }
        return Array(dropFirst(2))
    }
}
