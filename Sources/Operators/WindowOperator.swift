import GraphIR
import Tensors

/// An operator that gives the values of a window function: as many as its input says, over a whole period or up to both ends.
protocol WindowOperator: Operator {
    /// The function of a place between 0 and 1.
    static func value(_ place: Double) -> Double
}

extension WindowOperator {
    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let size = site.shapeElements(0)?.elements.first ?? .unknown
        return [TensorType(try site.outputDataType(), [size])]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let isPeriodic = try site.int("periodic", default: 1) != 0
        let type = try site.outputDataType()
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            guard let size = try inputs.requiredIntegers(0).first, size >= 0 else {
                throw CNNOptError(.invalidModel, "the size of a window is no number")
            }
            try IndexedCopy.check([size], .float64)
            let steps = Double(max(isPeriodic ? size : size - 1, 1))
            return [try TensorData((0..<size).map { value(Double($0) / steps) }).cast(to: type)]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        .barrier("its size is computed")
    }
}

extension OperatorSite {
    /// The element type that the attribute `output_datatype` names; float where it is left out.
    func outputDataType() throws(CNNOptError) -> ElementType {
        let number = try int("output_datatype", default: Int(ElementType.float32.rawValue))
        guard let raw = Int32(exactly: number), let type = ElementType(rawValue: raw) else {
            throw failure(.unsupported, "element type number \(number)")
        }
        return type
    }
}
