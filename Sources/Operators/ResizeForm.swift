import GraphIR
import Tensors

/// The attributes and ports of a Resize or Upsample node.
struct ResizeForm: Sendable {
    enum Policy: Sendable { case stretch, notLarger, notSmaller }

    /// What a run resizes to: the output's shape, the scale of each axis, and the part of it that is cropped.
    struct Target {
        var shape: [Int]
        var scales: [Float]
        var regions: [(begin: Float, end: Float)]
    }

    let rule: ResampledAxis.Rule
    let policy: Policy
    let extrapolation: Float
    /// The axes that scales, sizes and regions speak of; nil for all.
    let listedAxes: [Int]?
    let regionPort: Int?
    let scalesPort: Int
    /// A port beyond the last one where the operator takes no sizes.
    let sizesPort: Int
    /// Scales stored in an attribute.
    let storedScales: [Float]?

    init(_ site: OperatorSite) throws(CNNOptError) {
        let isOld = site.opset < 11
        (regionPort, scalesPort, sizesPort) = isOld ? (nil, 1, 4) : (1, 2, 3)
        storedScales = try site.floats("scales")
        let nearest: ResampledAxis.Rule.NearestMode =
            switch try site.string("nearest_mode", default: "round_prefer_floor") {
            case _ where isOld: .floorOrCeil
            case "round_prefer_floor", "": .roundPreferFloor
            case "round_prefer_ceil": .roundPreferCeil
            case "floor": .floor
            case "ceil": .ceil
            case let other: throw site.failure(.invalidModel, "attribute 'nearest_mode' is '\(other)'")
            }
        let filter: ResampledAxis.Rule.Filter =
            switch try site.string("mode", default: "nearest") {
            case "nearest": .nearest(nearest)
            case "linear", "bilinear": .linear
            case "cubic": .cubic(try site.float("cubic_coeff_a", default: -0.75))
            case let other: throw site.failure(.invalidModel, "attribute 'mode' is '\(other)'")
            }
        let coordinates: ResampledAxis.Rule.Coordinates =
            switch try site.string("coordinate_transformation_mode", default: isOld ? "asymmetric" : "half_pixel") {
            case "half_pixel": .halfPixel
            case "half_pixel_symmetric": .halfPixelSymmetric
            case "pytorch_half_pixel": .pytorchHalfPixel
            case "align_corners": .alignCorners
            case "asymmetric": .asymmetric
            case "tf_half_pixel_for_nn": .tfHalfPixel
            case "tf_crop_and_resize": .tfCrop
            case let other:
                throw site.failure(.invalidModel, "attribute 'coordinate_transformation_mode' is '\(other)'")
            }
        rule = ResampledAxis.Rule(
            filter: filter,
            coordinates: coordinates,
            excludesOutside: try site.int("exclude_outside", default: 0) != 0,
            antialiases: try site.int("antialias", default: 0) != 0
        )
        extrapolation = try site.float("extrapolation_value", default: 0)
        listedAxes = try site.ints("axes")
        policy =
            switch try site.string("keep_aspect_ratio_policy", default: "stretch") {
            case "stretch": .stretch
            case "not_larger": .notLarger
            case "not_smaller": .notSmaller
            case let other: throw site.failure(.invalidModel, "attribute 'keep_aspect_ratio_policy' is '\(other)'")
            }
    }

    /// The axes that are resized, counted from the front.
    func axes(rank: Int) throws(CNNOptError) -> [Int] {
        guard let listedAxes else { return Array(0..<rank) }
        var axes: [Int] = []
        for axis in listedAxes {
            guard axis >= -rank, axis < rank, !axes.contains(axis < 0 ? axis + rank : axis) else {
                throw CNNOptError(.invalidModel, "axes \(listedAxes) of a tensor of rank \(rank)")
            }
            axes.append(axis < 0 ? axis + rank : axis)
        }
        return axes
    }

    /// The scales of an attribute or a tensor; nil where neither is known.
    func scales(_ tensor: TensorData?) throws(CNNOptError) -> [Float]? {
        if let storedScales { return storedScales }
        return try tensor?.doubles().map { Float($0) }
    }

    /// ⌊size · scale⌋.
    static func scaled(_ size: Int, by scale: Float) throws(CNNOptError) -> Int {
        let result = Float(size) * scale
        guard scale > 0, result < Float(Windows.limit) else {
            throw CNNOptError(.invalidModel, "an axis of \(size) elements cannot be scaled by \(scale)")
        }
        return Int(result)
    }

    /// What is resized to, as far as the model stores it.
    func target(_ site: OperatorSite, _ shape: [Int]) throws(CNNOptError) -> Target? {
        let sizes = try site.integers(sizesPort).map { (sizes) throws(CNNOptError) in
            try TensorData(sizes.map(Int64.init))
        }
        let region = regionPort.flatMap { site.constant($0) }
        if rule.coordinates.isCrop, region == nil { return nil }
        return try target(shape, region: region, scales: site.constant(scalesPort), sizes: sizes)
    }

    /// What is resized to; nil where neither scales nor sizes are there.
    func target(_ shape: [Int], region: TensorData?, scales: TensorData?, sizes: TensorData?) throws(CNNOptError)
        -> Target?
    {
        let axes = try axes(rank: shape.count)
        var target = Target(
            shape: shape,
            scales: [Float](repeating: 1, count: shape.count),
            regions: [(Float, Float)](repeating: (0, 1), count: shape.count)
        )
        if rule.coordinates.isCrop {
            let values = try region?.doubles() ?? []
            guard values.count == 2 * axes.count else {
                throw CNNOptError(.invalidModel, "a region of \(values.count) numbers")
            }
            for (entry, axis) in axes.enumerated() {
                target.regions[axis] = (Float(values[entry]), Float(values[entry + axes.count]))
            }
        }
        if let scales = try self.scales(scales), !scales.isEmpty {
            guard scales.count == axes.count else {
                throw CNNOptError(.invalidModel, "\(scales.count) scales for \(axes.count) axes")
            }
            for (scale, axis) in zip(scales, axes) {
                let part = target.regions[axis].end - target.regions[axis].begin
                target.scales[axis] = scale
                target.shape[axis] = try Self.scaled(shape[axis], by: rule.coordinates.isCrop ? part * scale : scale)
            }
            return target
        }
        guard let sizes = sizes?.integers(), !sizes.isEmpty else { return nil }
        guard sizes.count == axes.count, sizes.allSatisfy({ $0 >= 0 && $0 <= Windows.limit }) else {
            throw CNNOptError(.invalidModel, "sizes \(sizes) for \(axes.count) axes")
        }
        for (size, axis) in zip(sizes, axes) {
            target.shape[axis] = size
            target.scales[axis] = shape[axis] == 0 ? 1 : Float(size) / Float(shape[axis])
        }
        guard policy != .stretch else { return target }
        let ratios = axes.map { target.scales[$0] }
        let common = (policy == .notLarger ? ratios.min() : ratios.max()) ?? 1
        for axis in axes {
            target.scales[axis] = common
            target.shape[axis] = try Self.rounded(Float(shape[axis]) * common)
        }
        return target
    }

    private static func rounded(_ size: Float) throws(CNNOptError) -> Int {
        guard size >= 0, size < Float(Windows.limit) else {
            throw CNNOptError(.invalidModel, "an axis of \(size) elements")
        }
        return Int((size + 0.5).rounded(.down))
    }

    /// The tables of a run.
    /// - Throws: `invalidModel` where something is made of nothing, or the output is larger than memory.
    func resampling(_ shape: [Int], _ target: Target) throws(CNNOptError) -> Resampling {
        let bytes = try TensorData.byteCount(.uint8, target.shape).bytes
        guard bytes <= MemoryBudget.largestAllocation, bytes > 0 || target.shape == shape || shape.contains(0) else {
            throw CNNOptError(.invalidModel, "a tensor of shape \(shape) cannot be resized to \(target.shape)")
        }
        var tables: [ResampledAxis?] = []
        for axis in shape.indices {
            guard bytes > 0, shape[axis] > 0 else {
                guard target.shape[axis] == shape[axis] else {
                    throw CNNOptError(.invalidModel, "a tensor of shape \(shape) cannot be resized to \(target.shape)")
                }
                tables.append(nil)
                continue
            }
            let table = ResampledAxis(
                input: shape[axis],
                output: target.shape[axis],
                scale: target.scales[axis],
                region: target.regions[axis],
                rule
            )
            tables.append(table.isIdentity(input: shape[axis]) ? nil : table)
        }
        let isNearest = if case .nearest = rule.filter { true } else { false }
        return Resampling(axes: tables, outputShape: target.shape, isNearest: isNearest, extrapolation: extrapolation)
    }
}

extension ResizeForm {
    /// The Resize node of operator set 11 or later that means the same as an Upsample or a Resize before it.
    static func rewrite(
        _ site: OperatorSite,
        scales: OperatorRewrite.Operand,
        values: [Float]?,
        to opset: Int
    ) throws(CNNOptError) -> OperatorRewrite {
        let mode = try site.string("mode", default: "nearest")
        var attributes = [
            Attribute("mode", mode == "nearest" ? "nearest" : "linear"),
            Attribute("coordinate_transformation_mode", "asymmetric"),
        ]
        if mode == "nearest" {
            guard let values, values.allSatisfy({ $0 >= 1 }) || values.allSatisfy({ $0 <= 1 }) else {
                throw site.failure(
                    .unsupported,
                    "from operator set 11 on, one rounding mode has to hold for axes that grow and axes that shrink"
                )
            }
            attributes.append(Attribute("nearest_mode", values.allSatisfy { $0 >= 1 } ? "floor" : "ceil"))
        }
        let region = OperatorRewrite.Operand.constant(try TensorData([] as [Float]), stem: "region")
        return OperatorRewrite([
            .init("Resize", [.input(0), opset < 13 ? region : nil, scales], attributes: attributes)
        ])
    }
}
