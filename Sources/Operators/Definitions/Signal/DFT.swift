import GraphIR
import Tensors

/// The discrete Fourier transform along one axis; the last axis holds real and imaginary parts.
enum DFT: Operator {
    static let schema = OperatorSchema("DFT", versions: [17, 20], inputs: 1...3)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let type = site.elementType(0)
        guard var shape = site.shape(0), shape.count >= 2 else { return [TensorType(type, nil)] }
        let form = try Form(site)
        shape[shape.count - 1] = form.isInverse && form.isOneSided ? 1 : 2
        let usual: Int? = site.opset < 20 ? try site.int("axis", default: 1) : -2
        guard let known = site.opset >= 20 && site.has(2) ? site.integers(2)?.first : usual else {
            return [TensorType(type, Shape(repeating: .unknown, count: shape.count - 1) + [shape[shape.count - 1]])]
        }
        let axis = try form.axis(known, rank: shape.count)
        let length = site.has(1) ? site.integers(1)?.first : shape[axis].size.map { form.defaultLength($0) }
        shape[axis] = length.map { Dimension.known(form.count(max($0, 0))) } ?? .unknown
        return [TensorType(type, shape)]
    }

    /// The axis is an input from operator set 20 on, and the last but one where nothing is said.
    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard site.opset < 20, opset >= 20 else { return nil }
        let axis = try TensorData([Int64(try site.int("axis", default: 1))], shape: [])
        return OperatorRewrite([
            .init(
                "DFT",
                [.input(0), site.has(1) ? .input(1) : nil, .constant(axis, stem: "axis")],
                attributes: site.node.attributes.filter { $0.name != "axis" }
            )
        ])
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let form = try Form(site)
        let attribute = site.opset < 20 ? try site.int("axis", default: 1) : nil
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let x = try inputs.required(0)
            guard x.shape.count >= 2, let parts = x.shape.last, parts == 1 || parts == 2 else {
                throw CNNOptError(.invalidModel, "a signal of shape \(x.shape)")
            }
            let named = try inputs.integers(2)?.first ?? -2
            let axis = try form.axis(attribute ?? named, rank: x.shape.count)
            let span = AxisSpan(Array(x.shape.dropLast()), axis: axis)
            let length = try inputs.integers(1)?.first ?? form.defaultLength(span.count)
            let transform = try FourierTransform(length: length)
            let count = form.count(length)
            var shape = x.shape
            shape[axis] = count
            shape[shape.count - 1] = form.isInverse && form.isOneSided ? 1 : 2
            try IndexedCopy.check(shape, .float64)
            let values = try x.doubles()
            let wide = try TensorData.make(Double.self, shape: shape) { (target) throws(CNNOptError) in
                guard !target.isEmpty, !values.isEmpty else { return }
                let width = shape[shape.count - 1]
                span.forEachRow { row, first in
                    var signal = (0..<min(span.count, length)).map { n in
                        let place = (first + n * span.inner) * parts
                        return (real: values[place], imaginary: parts == 2 ? values[place + 1] : 0)
                    }
                    if form.isInverse, form.isOneSided { signal = transform.mirrored(signal) }
                    let spectrum = transform.run(signal, inverse: form.isInverse, count: count)
                    let start = row / span.inner * count * span.inner + row % span.inner
                    for k in 0..<count {
                        for part in 0..<width {
                            target[(start + k * span.inner) * width + part] = spectrum[2 * k + part]
                        }
                    }
                }
            }
            return [try wide.cast(to: x.elementType)]
        }
    }

    private struct Form: Sendable {
        let isInverse: Bool
        let isOneSided: Bool

        init(_ site: OperatorSite) throws(CNNOptError) {
            isInverse = try site.int("inverse", default: 0) != 0
            isOneSided = try site.int("onesided", default: 0) != 0
        }

        /// The length of a whole signal or spectrum when nothing is said, from the size of the axis.
        func defaultLength(_ size: Int) -> Int { isInverse && isOneSided ? 2 * max(min(size, 1 << 32) - 1, 0) : size }

        /// The numbers that come out.
        func count(_ length: Int) -> Int { isOneSided && !isInverse ? length / 2 + 1 : length }

        /// - Throws: `invalidModel` where it is outside the rank, or the last axis.
        func axis(_ axis: Int, rank: Int) throws(CNNOptError) -> Int {
            let axis = try AxisNumbers.normalized(axis, rank: rank)
            guard axis < rank - 1 else {
                throw CNNOptError(.invalidModel, "the last axis holds real and imaginary parts")
            }
            return axis
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("it is no layer of channels")
    }
}
