import GraphIR
import Tensors

/// Channels laid out as squares of pixels: the image grows by the block size, the channels shrink by its square.
enum DepthToSpace: Operator {
    static let schema = OperatorSchema("DepthToSpace", versions: [1, 11, 13], inputs: 1...1)
    static var traits: OperatorTraits { [.movesData] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let block = try SpaceBlock(site)
        guard let shape = site.shape(0) else { return [TensorType(site.elementType(0), nil)] }
        guard shape.count == 4 else { throw site.failure(.invalidModel, "a tensor of rank \(shape.count), not 4") }
        return [
            TensorType(
                site.elementType(0),
                [shape[0], try block.divided(shape[1], by: block.area)]
                    + shape[2...].map { DimensionProduct([$0, .known(block.size)]).dimension }
            )
        ]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let block = try SpaceBlock(site)
        let isInner = block.isInner
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let data = try inputs.required(0)
            let (b, s) = (block.size, data.shape)
            guard s.count == 4, s[1] % block.area == 0, let height = checkedProduct([s[2], b]),
                let width = checkedProduct([s[3], b])
            else {
                throw CNNOptError(.invalidModel, "shape \(s) does not fit a block size of \(b)")
            }
            let depth = s[1] / block.area
            let split = isInner ? [s[0], depth, b, b, s[2], s[3]] : [s[0], b, b, depth, s[2], s[3]]
            let order = isInner ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]
            let moved = try IndexedCopy(split, permutation: order).run(data, threads: threads)
            return [try moved.reshaped([s[0], depth, height, width])]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        let block = try SpaceBlock(site)
        guard let shape = site.shape(0), let output = site.outputType(0).shape, let depth = output[1].size else {
            return .barrier("its number of channels is unknown")
        }
        var coupling = ChannelCoupling.mapping(shape, [(input: 0, output: 0)])
        coupling.links.append(
            .init(
                .init(.output(0), 1),
                .init(.input(0), 1),
                count: depth,
                outer: block.isInner ? 1 : block.area,
                inner: block.isInner ? block.area : 1
            )
        )
        return coupling
    }
}

/// The block size of DepthToSpace and SpaceToDepth.
struct SpaceBlock {
    let size: Int
    /// Whether a pixel's place in its square is the inner part of the channel number (mode CRD), not the outer one (DCR).
    let isInner: Bool
    var area: Int { size * size }

    init(_ site: OperatorSite) throws(CNNOptError) {
        guard let size = try site.int("blocksize"), size > 0, size <= 1 << 15 else {
            throw site.failure(.invalidModel, "attribute 'blocksize' is missing or no sensible number")
        }
        self.size = size
        let mode = try site.string("mode", default: "DCR")
        guard mode == "DCR" || mode == "CRD" else { throw site.failure(.unsupported, "mode '\(mode)'") }
        isInner = mode == "CRD"
    }

    /// The quotient of a size.
    /// - Throws: `invalidModel` where something remains.
    func divided(_ dimension: Dimension, by divisor: Int) throws(CNNOptError) -> Dimension {
        guard let number = dimension.size else { return .unknown }
        guard number % divisor == 0 else {
            throw CNNOptError(.invalidModel, "an axis of \(number) does not fit a block size of \(size)")
        }
        return .known(number / divisor)
    }
}
