import GraphIR
import Tensors

/// Moved towards zero by `bias` outside ±`lambd`, 0 within.
enum Shrink: UnaryOperator {
    static let schema = OperatorSchema("Shrink", versions: [9], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        let (limit, bias) = (try site.float("lambd", default: 0.5), try site.float("bias", default: 0))
        let (limitWide, biasWide) = (Double(limit), Double(bias))
        return UnaryFunction(
            float: { $0 < -limit ? $0 + bias : $0 > limit ? $0 - bias : 0 },
            double: { $0 < -limitWide ? $0 + biasWide : $0 > limitWide ? $0 - biasWide : 0 },
            integer: {
                let x = Double($0)
                return Int64(saturating: x < -limitWide ? x + biasWide : x > limitWide ? x - biasWide : 0)
            }
        )
    }
}
