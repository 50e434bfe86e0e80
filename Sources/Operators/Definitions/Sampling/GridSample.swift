import GraphIR
import Tensors

/// The input read at the places that a grid names, −1 … 1 from one end of each spatial axis to the other. Jaderberg et al.,
/// Spatial Transformer Networks, 2015.
enum GridSample: Operator {
    static let schema = OperatorSchema("GridSample", versions: [16, 20, 22], inputs: 2...2)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let (x, grid) = (site.shape(0), site.shape(1))
        if let x, let grid {
            guard x.count >= 3, grid.count == x.count else {
                throw site.failure(.invalidModel, "an input of rank \(x.count) and a grid of rank \(grid.count)")
            }
        }
        guard let rank = x?.count ?? grid?.count, rank >= 3 else { return [TensorType(site.elementType(0), nil)] }
        let spatial = grid.map { Array($0[1..<rank - 1]) } ?? Shape(repeating: .unknown, count: rank - 2)
        return [TensorType(site.elementType(0), [x?[0] ?? grid?[0] ?? .unknown, x?[1] ?? .unknown] + spatial)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let sampling = try sampling(site)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let (x, grid) = (try inputs.required(0), try inputs.required(1))
            switch x.elementType {
            case .float32, .float64: return [try sampling.run(x, grid, threads: threads)]
            case .float16, .bfloat16:
                let wide = try sampling.run(HalfPrecision.widened(x), grid.cast(to: .float32), threads: threads)
                return [try HalfPrecision.narrowed(wide, to: x.elementType)]
            default:
                let wide = try sampling.run(x.cast(to: .float64), grid.cast(to: .float64), threads: threads)
                return [try wide.cast(to: x.elementType)]
            }
        }
    }

    private static func sampling(_ site: OperatorSite) throws(CNNOptError) -> GridSampling {
        let filter: GridSampling.Filter
        switch try site.string("mode", default: "linear") {
        case "nearest": filter = .nearest
        case "linear", "bilinear": filter = .linear
        case "cubic", "bicubic": filter = .cubic
        case let other: throw site.failure(.invalidModel, "attribute 'mode' is '\(other)'")
        }
        let mode = try site.string("padding_mode", default: "zeros")
        guard let padding = GridSampling.Padding(rawValue: mode) else {
            throw site.failure(.invalidModel, "attribute 'padding_mode' is '\(mode)'")
        }
        let alignsCorners = try site.int("align_corners", default: 0) != 0
        return GridSampling(filter: filter, padding: padding, alignsCorners: alignsCorners)
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling { .channelAxis(site) }

    /// Operator set 20 calls the modes linear and cubic, whatever the number of axes.
    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        let names = ["bilinear": "linear", "bicubic": "cubic"]
        guard site.opset < 20, opset >= 20, let name = names[try site.string("mode", default: "bilinear")] else {
            return nil
        }
        let others = site.node.attributes.filter { $0.name != "mode" }
        return OperatorRewrite([
            .init("GridSample", [.input(0), .input(1)], attributes: others + [Attribute("mode", name)])
        ])
    }
}

extension ChannelCoupling {
    /// Axis 1 of the first input belongs to axis 1 of the first output; other axes cannot shrink.
    static func channelAxis(_ site: OperatorSite) -> ChannelCoupling {
        guard let shape = site.shape(0), shape.count >= 2 else { return .barrier("the rank of its input is unknown") }
        return .mapping(shape, [(input: 1, output: 1)])
    }
}
