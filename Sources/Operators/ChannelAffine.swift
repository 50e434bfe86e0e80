import GraphIR
import Tensors

/// Channel c of the output is channel c of one input times `scale[c]` plus `shift[c]`.
package struct ChannelAffine: Sendable, Hashable {
    /// The input that is scaled and shifted.
    package var dataPort: Int
    /// The channel axis, counted from the front; nil where one pair of numbers holds for all elements.
    package var axis: Int?
    /// One number a channel; one number where ``axis`` is nil.
    package var scale: [Double]
    package var shift: [Double]

    package init(dataPort: Int = 0, axis: Int?, scale: [Double], shift: [Double]) {
        self.dataPort = dataPort
        self.axis = axis
        self.scale = scale
        self.shift = shift
    }
}

extension ChannelAffine {
    /// A floating-point operator of two inputs, one of them stored, that broadcasts numbers along one axis at most.
    /// - Parameter affine: the operator with the number `constant` at input `port`.
    package static func broadcast(
        _ site: OperatorSite,
        _ affine: (_ constant: Double, _ port: Int) -> (scale: Double, shift: Double)?
    ) throws(CNNOptError) -> ChannelAffine? {
        guard let (data, stored) = site.dataAndStoredPorts, let constant = site.constant(stored),
            constant.elementType.isFloat, let shape = site.shape(data), constant.shape.count <= shape.count
        else { return nil }
        let padding = shape.count - constant.shape.count
        let wide = constant.shape.indices.filter { constant.shape[$0] != 1 }
        guard wide.count <= 1, wide.allSatisfy({ shape[padding + $0].size == constant.shape[$0] }) else { return nil }
        var result = ChannelAffine(dataPort: data, axis: wide.first.map { padding + $0 }, scale: [], shift: [])
        for number in try constant.doubles() {
            guard let (scale, shift) = affine(number, stored) else { return nil }
            result.scale.append(scale)
            result.shift.append(shift)
        }
        return result
    }
}

extension ChannelAffine {
    /// Whether no shift is so large that it serves to round what it is added to: x + 3·2²² − 3·2²² is x without its fraction, and
    /// must stay in these steps.
    package var keepsFractions: Bool { shift.allSatisfy { abs($0) < 0x1p20 } }

    /// Whether channels mean the same to both, so that one may follow the other.
    package func hasAxis(of other: ChannelAffine) -> Bool { axis == nil || other.axis == nil || axis == other.axis }

    /// Another scale and shift after this one, with ``dataPort`` of this one; nil where they go along different axes.
    package func followed(by next: ChannelAffine) -> ChannelAffine? {
        guard hasAxis(of: next) else { return nil }
        let count = max(scale.count, next.scale.count)
        func spread(_ numbers: [Double]) -> [Double]? {
            numbers.count == count ? numbers : numbers.count == 1 ? .init(repeating: numbers[0], count: count) : nil
        }
        guard let firstScale = spread(scale), let firstShift = spread(shift), let nextScale = spread(next.scale),
            let nextShift = spread(next.shift)
        else { return nil }
        return ChannelAffine(
            dataPort: dataPort,
            axis: axis ?? next.axis,
            scale: zip(firstScale, nextScale).map { $0 * $1 },
            shift: (0..<count).map { firstShift[$0] * nextScale[$0] + nextShift[$0] }
        )
    }

    /// The stored input of a node of two with which it scales and shifts by these numbers.
    func stored(
        _ site: OperatorSite,
        _ constant: (_ scale: Double, _ shift: Double, _ port: Int) -> Double?
    ) throws(CNNOptError) -> [Int: TensorData]? {
        guard let (data, port) = site.dataAndStoredPorts, let old = site.constant(port), old.elementType.isFloat,
            let rank = site.shape(data)?.count
        else { return nil }
        var numbers: [Double] = []
        for (scale, shift) in zip(scale, shift) {
            guard let number = constant(scale, shift, port) else { return nil }
            numbers.append(number)
        }
        let wide = axis.map { [numbers.count] + [Int](repeating: 1, count: max(0, rank - 1 - $0)) }
        let shape = numbers.count == old.count ? old.shape : wide ?? []
        return [port: try TensorData(doubles: numbers, as: old.elementType, shape: shape)]
    }
}

extension OperatorSite {
    /// Of two inputs the computed and the stored one; nil where both or none are stored, and for the broadcasting by an
    /// `axis` attribute that operator set 6 had.
    fileprivate var dataAndStoredPorts: (data: Int, stored: Int)? {
        guard inputs.count == 2, opset >= 7 else { return nil }
        return switch (constant(0), constant(1)) {
        case (nil, .some): (0, 1)
        case (.some, nil): (1, 0)
        default: nil
        }
    }

    /// The computed input of two where the stored one changes nothing: neither the numbers (scale 1, shift 0 all over) nor,
    /// by broadcasting, the shape.
    package func portLeftAsIs(
        _ affine: (_ constant: Double, _ port: Int) -> (scale: Double, shift: Double)?
    ) throws(CNNOptError) -> Int? {
        guard let (data, stored) = dataAndStoredPorts, let constant = constant(stored), let shape = shape(data),
            constant.elementType.isFloat || constant.elementType.isInteger, constant.shape.count <= shape.count,
            zip(constant.shape.reversed(), shape.reversed()).allSatisfy({ $0 == 1 || $0 == $1.size })
        else { return nil }
        for number in try constant.doubles() {
            guard let (scale, shift) = affine(number, stored), scale == 1, shift == 0 else { return nil }
        }
        return data
    }
}
