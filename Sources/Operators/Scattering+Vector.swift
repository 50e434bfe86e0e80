import Tensors

extension Scattering {
    /// Updates added to the elements of a vector of floats: what gradients of maximum pools do to whole images.
    /// - Returns: nil for other reductions, shapes and types.
    func addedAlongVector(_ updates: TensorData, to data: TensorData, at indices: TensorData) throws(CNNOptError)
        -> TensorData?
    {
        guard self == .add, data.shape.count == 1, indices.shape == updates.shape, indices.elementType == .int64,
            updates.elementType == data.elementType
        else { return nil }
        return switch data.elementType {
        case .float32: try added(Float.self, updates, data, indices)
        case .float64: try added(Double.self, updates, data, indices)
        default: nil
        }
    }

    private func added<T: TensorScalar & BinaryFloatingPoint>(
        _ type: T.Type,
        _ updates: TensorData,
        _ data: TensorData,
        _ indices: TensorData
    ) throws(CNNOptError) -> TensorData {
        var result = data
        try result.withMutableElements(T.self) { (target) throws(CNNOptError) in
            try updates.withElements(T.self) { (source) throws(CNNOptError) in
                try indices.withElements(Int64.self) { (places) throws(CNNOptError) in
                    let size = Int64(target.count)
                    for i in places.indices {
                        let place = places[i] < 0 ? places[i] &+ size : places[i]
                        guard place >= 0, place < size else {
                            throw CNNOptError(.invalidModel, "index \(places[i]) is outside an axis of \(size)")
                        }
                        target[Int(place)] += source[i]
                    }
                }
            }
        }
        return result
    }
}
