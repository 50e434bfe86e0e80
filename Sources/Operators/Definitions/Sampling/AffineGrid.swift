import GraphIR
import Tensors

/// The grid for ``GridSample`` that an affine map of the output's places makes: N × spatial × coordinates.
enum AffineGrid: Operator {
    static let schema = OperatorSchema("AffineGrid", versions: [20], inputs: 2...2)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        guard let size = site.shapeElements(1)?.elements else {
            return [TensorType(site.elementType(0), nil)]
        }
        guard size.count == 4 || size.count == 5 else {
            throw site.failure(.invalidModel, "\(size.count) sizes where 4 or 5 are needed")
        }
        return [TensorType(site.elementType(0), [size[0]] + size[2...] + [.known(size.count - 2)])]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let alignsCorners = try site.int("align_corners", default: 0) != 0
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let theta = try inputs.required(0)
            let size = try inputs.requiredVector(1)
            let axes = size.count - 2
            guard axes == 2 || axes == 3, size.allSatisfy({ $0 >= 0 }), theta.shape == [size[0], axes, axes + 1] else {
                throw CNNOptError(.invalidModel, "maps of shape \(theta.shape) for an output of shape \(size)")
            }
            let spatial = Array(size[2...])
            let shape = [size[0]] + spatial + [axes]
            try IndexedCopy.check(shape, .float64)
            let maps = try theta.doubles()
            let steps = spatial.map { size in (0..<size).map { coordinate($0, size, alignsCorners) } }
            let grid = try TensorData.make(Double.self, shape: shape) { (target) throws(CNNOptError) in
                let places = target.count / max(size[0] * axes, 1)
                for image in 0..<size[0] {
                    for place in 0..<places {
                        // The innermost axis comes first.
                        var (point, rest) = ([Double](), place)
                        for axis in spatial.indices.reversed() {
                            point.append(steps[axis][rest % spatial[axis]])
                            rest /= spatial[axis]
                        }
                        for row in 0..<axes {
                            let map = (image * axes + row) * (axes + 1)
                            var sum = maps[map + axes]
                            for column in 0..<axes { sum += maps[map + column] * point[column] }
                            target[(image * places + place) * axes + row] = sum
                        }
                    }
                }
            }
            return [try grid.cast(to: theta.elementType)]
        }
    }

    /// Where the element of an axis lies between −1 and 1.
    private static func coordinate(_ index: Int, _ size: Int, _ alignsCorners: Bool) -> Double {
        if alignsCorners { return size == 1 ? 0 : 2 * Double(index) / Double(size - 1) - 1 }
        return (2 * Double(index) + 1) / Double(size) - 1
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its output holds coordinates")
    }
}
