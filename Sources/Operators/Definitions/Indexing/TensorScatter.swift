import GraphIR
import Tensors

/// A cache with an update written along one axis, from an index for each image on; past the end where it is circular.
enum TensorScatter: Operator {
    static let schema = OperatorSchema("TensorScatter", versions: [24], inputs: 2...3)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] { [site.type(0)] }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let attribute = try site.int("axis", default: -2)
        let mode = try site.string("mode", default: "linear")
        guard ["linear", "circular"].contains(mode) else {
            throw site.failure(.invalidModel, "attribute 'mode' is '\(mode)', not linear or circular")
        }
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let (cache, update) = (try inputs.required(0), try inputs.required(1))
            let axis = try AxisNumbers.normalized(attribute, rank: cache.shape.count)
            var fitting = cache.shape
            if update.shape.count == cache.shape.count { fitting[axis] = update.shape[axis] }
            guard axis > 0, fitting == update.shape, update.shape[axis] <= cache.shape[axis] else {
                throw CNNOptError(.invalidModel, "an update of shape \(update.shape) for a cache of \(cache.shape)")
            }
            let starts = try inputs.integers(2) ?? [Int](repeating: 0, count: cache.shape[0])
            guard starts.count == cache.shape[0] else {
                throw CNNOptError(.invalidModel, "\(starts.count) indices for \(cache.shape[0]) images")
            }
            guard update.count > 0 else { return [cache] }
            let (to, from) = (AxisSpan(cache.shape, axis: axis), AxisSpan(update.shape, axis: axis))
            var places: [Int] = []
            for outer in 0..<from.outer {
                let start = starts[outer / (from.outer / cache.shape[0])]
                for i in 0..<from.count {
                    let (sum, overflow) = start.addingReportingOverflow(i)
                    let index = mode == "circular" && to.count > 0 ? sum % to.count : sum
                    guard !overflow, (0..<to.count).contains(index) else {
                        throw CNNOptError(.invalidData, "index \(sum) is outside an axis of \(to.count)")
                    }
                    places.append((outer * to.count + index) * to.inner)
                }
            }
            return [try Scattering.none.write(update, into: cache, at: places, block: to.inner)]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("it is a cache")
    }
}
