import Tensors

/// The 256 numbers that a quantised activation can hold: `scale · (code − zeroPoint)` for codes 0…255, zero among them.
///
/// Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference, 2018.
package struct ActivationGrid: Sendable, Hashable {
    package let scale: Float
    package let zeroPoint: UInt8

    /// The grid that covers an interval; the interval is widened to hold zero.
    package init(lowest: Double, highest: Double) {
        let low = lowest.isFinite ? min(lowest, 0) : 0
        let high = highest.isFinite ? max(highest, 0) : 0
        let step = Float((high - low) / 255)
        guard step >= Float.leastNormalMagnitude, step.isFinite else {
            (scale, zeroPoint) = (1, 0)
            return
        }
        scale = step
        zeroPoint = UInt8(max(0, min(255, (-low / Double(step)).rounded(.toNearestOrEven))))
    }

    /// The smallest and the largest number of the grid.
    package var range: ClosedRange<Float> { -Float(zeroPoint) * scale...Float(255 - zeroPoint) * scale }

    /// The code of a number, as QuantizeLinear computes it: to nearest even, then clamped.
    package func code(_ value: Float) -> UInt8 {
        let shifted = (value / scale).rounded(.toNearestOrEven) + Float(zeroPoint)
        return shifted.isNaN ? 0 : UInt8(max(0, min(255, shifted)))
    }

    /// The number that a code stands for.
    package func value(_ code: UInt8) -> Float { (Float(code) - Float(zeroPoint)) * scale }

    /// Each element replaced by the nearest number of the grid.
    /// - Parameter tensor: float32 of any shape.
    package func rounding(_ tensor: TensorData, threads: Int) throws(CNNOptError) -> TensorData {
        let (low, high) = (-Float(zeroPoint), Float(255 - zeroPoint))
        let scale = scale
        return try tensor.withElements(Float.self) { (source) throws(CNNOptError) in
            try TensorData.make(Float.self, shape: tensor.shape) { (target) throws(CNNOptError) in
                guard let from = source.baseAddress, let to = target.baseAddress else { return }
                let (x, y) = (SharedReadPointer(from), SharedPointer(to))
                parallelFor(source.count, threads: source.count < 1 << 15 ? 1 : threads) { range in
                    for i in range {
                        let clamped = max(low, min(high, x.base[i] / scale))
                        // Adding and taking away 1.5 · 2²³ rounds to the nearest even integer.
                        y.base[i] = ((clamped + 12_582_912) - 12_582_912) * scale
                    }
                }
            }
        }
    }
}
