import GraphIR
import Tensors

/// Columns of blocks added up to the images that they were cut from.
enum Col2Im: Operator {
    static let schema = OperatorSchema("Col2Im", versions: [18], inputs: 3...3)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let type = site.elementType(0)
        guard let image = site.shapeElements(1)?.elements else { return [TensorType(type, nil)] }
        let columns = site.shape(0)
        guard columns?.count ?? 3 == 3 else {
            throw site.failure(.invalidModel, "an input of rank \(columns?.count ?? 0), not 3")
        }
        var channels = Dimension.unknown
        if let block = site.integers(2), let taps = checkedProduct(block), taps > 0, let rows = columns?[1].size {
            channels = .known(rows / taps)
        }
        return [TensorType(type, [columns?[0] ?? .unknown, channels] + image)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let attributes = try Windows(site)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let columns = try inputs.required(0)
            let (image, block) = (try inputs.requiredVector(1), try inputs.requiredVector(2))
            guard image.allSatisfy({ $0 >= 1 }), !image.isEmpty else {
                throw CNNOptError(.invalidModel, "an image of shape \(image)")
            }
            let walk = WindowWalk(try attributes.axes(image, weightKernel: block))
            guard columns.shape.count == 3, let taps = checkedProduct(block), taps > 0, columns.shape[1] % taps == 0,
                checkedProduct(walk.axes.map(\.output)) == columns.shape[2]
            else {
                throw CNNOptError(
                    .invalidModel,
                    "columns of shape \(columns.shape) do not fit an image of \(image) in blocks of \(block)"
                )
            }
            let shape = [columns.shape[0], columns.shape[1] / taps] + image
            try IndexedCopy.check(shape, .float64)
            return switch columns.elementType {
            case .float64: [try add(Double.self, columns, walk, shape)]
            case .float32: [try add(Float.self, columns, walk, shape)]
            default: [try add(Double.self, columns.cast(to: .float64), walk, shape).cast(to: columns.elementType)]
            }
        }
    }

    private static func add<T: TensorScalar & BinaryFloatingPoint>(
        _ type: T.Type,
        _ columns: TensorData,
        _ walk: WindowWalk,
        _ shape: [Int]
    ) throws(CNNOptError) -> TensorData {
        try columns.withElements(T.self) { (source) throws(CNNOptError) in
            try TensorData.make(T.self, shape: shape) { (target) throws(CNNOptError) in
                for plane in 0..<shape[0] * shape[1] {
                    for tap in 0..<walk.tapCount {
                        for position in 0..<walk.outputCount {
                            guard let offset = walk.inputOffset(position, tap) else { continue }
                            let place = plane * walk.inputCount + offset
                            target[place] += source[(plane * walk.tapCount + tap) * walk.outputCount + position]
                        }
                    }
                }
            }
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its input holds blocks of all channels")
    }
}
