import GraphIR
import Tensors

/// Each region of interest read at evenly spaced places and pooled to one size. He et al., Mask R-CNN, 2017.
enum RoiAlign: Operator {
    static let schema = OperatorSchema("RoiAlign", versions: [10, 16, 22], inputs: 3...3)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let (height, width) = try outputSize(site)
        if let rank = site.shape(0)?.count, rank != 4 {
            throw site.failure(.invalidModel, "an input of rank \(rank), not 4")
        }
        let count = site.shape(1)?.first ?? site.shape(2)?.first ?? .unknown
        let channels = site.shape(0)?[1] ?? .unknown
        return [TensorType(site.elementType(0), [count, channels, .known(height), .known(width)])]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let (height, width) = try outputSize(site)
        let ratio = try site.int("sampling_ratio", default: 0)
        let mode = try site.string("mode", default: "avg")
        // Before operator set 16 places were not moved by half an element.
        let usual = site.opset < 16 ? "output_half_pixel" : "half_pixel"
        let coordinates = try site.string("coordinate_transformation_mode", default: usual)
        guard ["avg", "max"].contains(mode), ["half_pixel", "output_half_pixel"].contains(coordinates), ratio >= 0,
            ratio <= RegionSampling.largestGrid
        else {
            throw site.failure(.invalidModel, "mode '\(mode)', coordinates '\(coordinates)', sampling ratio \(ratio)")
        }
        let sampling = RegionSampling(
            height: height,
            width: width,
            ratio: ratio,
            scale: Double(try site.float("spatial_scale", default: 1)),
            movesByHalf: coordinates == "half_pixel",
            takesLargest: mode == "max"
        )
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let (x, regions) = (try inputs.required(0), try inputs.required(1))
            guard regions.shape.count == 2, regions.shape[1] == 4 else {
                throw CNNOptError(.invalidModel, "regions of shape \(regions.shape)")
            }
            let images = try inputs.requiredIntegers(2)
            return [try sampling.run(x, regions.doubles(), images, threads: threads)]
        }
    }

    private static func outputSize(_ site: OperatorSite) throws(CNNOptError) -> (Int, Int) {
        let size = (try site.int("output_height", default: 1), try site.int("output_width", default: 1))
        guard size.0 >= 1, size.1 >= 1, size.0 <= Windows.limit, size.1 <= Windows.limit else {
            throw site.failure(.invalidModel, "an output of \(size.0) × \(size.1)")
        }
        return size
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling { .channelAxis(site) }

    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard site.opset < 16, opset >= 16 else { return nil }
        let attributes = site.node.attributes + [Attribute("coordinate_transformation_mode", "output_half_pixel")]
        return OperatorRewrite([.init("RoiAlign", [.input(0), .input(1), .input(2)], attributes: attributes)])
    }
}
