import Tensors

extension PoolLoops {
    /// The largest element of each window, and where the first of that size lies: its index in the whole input, or, with
    /// `columnMajor`, in an input whose spatial axes are stored last axis slowest.
    static func maximumAndPlaces(
        _ x: TensorData,
        _ geometry: PoolGeometry,
        columnMajor: Bool,
        threads: Int
    ) throws(CNNOptError) -> [TensorData] {
        switch x.elementType {
        case .float32: try maximumAndPlaces(x, geometry, columnMajor, threads, lowest: -Float.infinity)
        case .float64: try maximumAndPlaces(x, geometry, columnMajor, threads, lowest: -Double.infinity)
        case .int8: try maximumAndPlaces(x, geometry, columnMajor, threads, lowest: Int8.min)
        case .uint8: try maximumAndPlaces(x, geometry, columnMajor, threads, lowest: UInt8.min)
        default: throw CNNOptError(.unsupported, "element type \(x.elementType.onnxName)")
        }
    }

    private static func maximumAndPlaces<T: TensorScalar & Comparable>(
        _ x: TensorData,
        _ geometry: PoolGeometry,
        _ columnMajor: Bool,
        _ threads: Int,
        lowest: T
    ) throws(CNNOptError) -> [TensorData] {
        let (inputs, outputs) = (geometry.inputCount, geometry.outputCount)
        let (depth, height, width) = (geometry.axes[0].input, geometry.axes[1].input, geometry.axes[2].input)
        let (row, step) = (geometry.axes[1].dilation * width, geometry.axes[2].dilation)
        let slice = geometry.axes[0].dilation * height * width
        var places = try TensorData(zeros: .int64, shape: geometry.shape)
        let largest = try x.withElements(T.self) { (source) throws(CNNOptError) in
            try TensorData.make(T.self, shape: geometry.shape) { (target) throws(CNNOptError) in
                try places.withMutableElements(Int64.self) { (indices) throws(CNNOptError) in
                    guard let x = source.baseAddress, let y = target.baseAddress, let i = indices.baseAddress else {
                        return
                    }
                    let (from, to, at) = (SharedReadPointer(x), SharedPointer(y), SharedPointer(i))
                    parallelFor(geometry.planes, threads: source.count < 1 << 14 ? 1 : threads) { range in
                        for plane in range {
                            let (x, y) = (from.base + plane * inputs, to.base + plane * outputs)
                            let indices = at.base + plane * outputs
                            geometry.windows { output, start, counts, _ in
                                var best = -1
                                var value = lowest
                                for d in 0..<counts.d {
                                    for h in 0..<counts.h {
                                        var position = start &+ d &* slice &+ h &* row
                                        for _ in 0..<counts.w {
                                            let element = x[position]
                                            // Nothing is larger than NaN: it stays where it comes first.
                                            if best < 0 || element > x[best] { best = position }
                                            if element > value { value = element }
                                            position = position &+ step
                                        }
                                    }
                                }
                                if columnMajor, best >= 0 {
                                    let (d, h, w) = (best / (height * width), best / width % height, best % width)
                                    best = d + depth * (h + height * w)
                                }
                                y[output] = value
                                indices[output] = Int64(plane * inputs + max(best, 0))
                            }
                        }
                    }
                }
            }
        }
        return [largest, places]
    }
}
