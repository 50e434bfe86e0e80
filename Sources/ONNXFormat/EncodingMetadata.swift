import GraphIR
import Tensors

/// Encodings of tensors as entries of their metadata. An entry says only which grid to look for, so that it cannot say
/// what the numbers do not: steps and shifts are found again.
package enum EncodingMetadata {
    /// The key; its value is the axis along which steps differ, `-` where there is one step.
    static let gridKey = "cnnopt.grid"

    /// What an entry claims.
    package struct Claim: Sendable, Equatable {
        /// 0 or 1; nil for one step.
        var axis: Int?
    }

    /// Takes the entries off a tensor's metadata.
    static func takeClaim(_ metadata: inout [MetadataEntry]) -> Claim? {
        var claim: Claim?
        metadata.removeAll { entry in
            guard entry.key == gridKey, entry.residue.isEmpty else { return false }
            switch entry.value {
            case "0": claim = Claim(axis: 0)
            case "1": claim = Claim(axis: 1)
            case "-": claim = Claim(axis: nil)
            default: return false
            }
            return true
        }
        return claim
    }

    /// The encoding that was claimed, if every bit of the data agrees.
    package static func encoding(of data: TensorData, _ claim: Claim) -> TensorEncoding? {
        guard let grid = UniformGrid.find(in: data, axis: claim.axis) else { return nil }
        return .uniformGrid(axis: grid.axis, steps: grid.steps.map { Float($0) }, shifts: grid.shifts)
    }

    /// The metadata of a tensor with the entry that its encoding needs.
    static func entries(_ constant: Constant) -> [MetadataEntry] {
        guard case .uniformGrid(let axis, _, _) = constant.encoding else { return constant.metadata }
        return constant.metadata + [MetadataEntry(key: gridKey, value: axis.map(String.init) ?? "-")]
    }
}
