import GraphIR
import Tensors

/// The mean along axes.
enum ReduceMean: ReductionOperator {
    static let schema = OperatorSchema("ReduceMean", versions: [1, 11, 13, 18], inputs: 1...2)
    static var kind: ReductionKind { .mean }

    /// The mean over all axes behind the channels. Of three axes the last is as often one of features.
    static func plainForm(_ site: OperatorSite) throws(CNNOptError) -> OperatorRewrite? {
        guard let rank = site.shape(0)?.count, rank > 3, try keptLastAxes(site) == rank - 2,
            site.elementType(0) == .float32
        else { return nil }
        return OperatorRewrite([.init("GlobalAveragePool", [.input(0)])])
    }
}
