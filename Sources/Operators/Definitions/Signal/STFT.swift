import GraphIR
import Tensors

/// The Fourier transforms of frames of a signal, each under a window.
enum STFT: Operator {
    static let schema = OperatorSchema("STFT", versions: [17], inputs: 2...4)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let type = site.elementType(0)
        guard let shape = site.shape(0) else { return [TensorType(type, Shape(repeating: .unknown, count: 3) + [2])] }
        guard shape.count == 3 else { throw site.failure(.invalidModel, "a signal of rank \(shape.count), not 3") }
        return [TensorType(type, [shape[0], .unknown, .unknown, 2])]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let isOneSided = try site.int("onesided", default: 1) != 0
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let x = try inputs.required(0)
            guard x.shape.count == 3, let parts = x.shape.last, parts == 1 || parts == 2 else {
                throw CNNOptError(.invalidModel, "a signal of shape \(x.shape)")
            }
            let window = try inputs.optional(2)?.doubles()
            let samples = x.shape[1]
            guard let step = try inputs.requiredIntegers(1).first, step >= 1 else {
                throw CNNOptError(.invalidModel, "the step between frames is not above zero")
            }
            let length = try inputs.integers(3)?.first ?? window?.count ?? samples
            let transform = try FourierTransform(length: length)
            guard length <= samples, window?.count ?? length == length else {
                throw CNNOptError(.invalidModel, "frames of \(length) samples in a signal of \(samples)")
            }
            let (frames, count) = ((samples - length) / step + 1, isOneSided ? length / 2 + 1 : length)
            let shape = [x.shape[0], frames, count, 2]
            try IndexedCopy.check(shape, .float64)
            let values = try x.doubles()
            var result: [Double] = []
            for image in 0..<x.shape[0] {
                for frame in 0..<frames {
                    let signal = (0..<length).map { n in
                        let place = (image * samples + frame * step + n) * parts
                        let weight = window?[n] ?? 1
                        return (
                            real: values[place] * weight, imaginary: parts == 2 ? values[place + 1] * weight : 0
                        )
                    }
                    result += transform.run(signal, inverse: false, count: count)
                }
            }
            return [try TensorData(result, shape: shape).cast(to: x.elementType)]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("it is no layer of channels")
    }
}
