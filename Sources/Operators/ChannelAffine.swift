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
