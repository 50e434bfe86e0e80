import GraphIR
import Tensors

/// Squares of pixels laid out as channels: the image shrinks by the block size, the channels grow by its square.
enum SpaceToDepth: Operator {
    static let schema = OperatorSchema("SpaceToDepth", versions: [1, 13], inputs: 1...1)
    static var traits: OperatorTraits { [.movesData] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let block = try SpaceBlock(site)
        guard let shape = site.shape(0) else { return [TensorType(site.elementType(0), nil)] }
        guard shape.count == 4 else { throw site.failure(.invalidModel, "a tensor of rank \(shape.count), not 4") }
        let channels = DimensionProduct([shape[1], .known(block.area)]).dimension
        let image = (
            try block.divided(shape[2], by: block.size), try block.divided(shape[3], by: block.size)
        )
        return [TensorType(site.elementType(0), [shape[0], channels, image.0, image.1])]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let block = try SpaceBlock(site)
        let b = block.size
        let order = block.isInner ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4]
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let data = try inputs.required(0)
            let s = data.shape
            guard s.count == 4, s[2] % b == 0, s[3] % b == 0, let channels = checkedProduct([s[1], b, b]) else {
                throw CNNOptError(.invalidModel, "shape \(s) does not fit a block size of \(b)")
            }
            let split = [s[0], s[1], s[2] / b, b, s[3] / b, b]
            let moved = try IndexedCopy(split, permutation: order).run(data, threads: threads)
            return [try moved.reshaped([s[0], channels, s[2] / b, s[3] / b])]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        let block = try SpaceBlock(site)
        guard let shape = site.shape(0), let channels = shape[1].size else {
            return .barrier("its number of channels is unknown")
        }
        var coupling = ChannelCoupling.mapping(shape, [(input: 0, output: 0)])
        coupling.links.append(
            .init(
                .init(.input(0), 1),
                .init(.output(0), 1),
                count: channels,
                outer: block.isInner ? 1 : block.area,
                inner: block.isInner ? block.area : 1
            )
        )
        return coupling
    }
}
