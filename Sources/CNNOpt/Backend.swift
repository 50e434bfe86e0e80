import Execution
import Tensors

/// What executes networks: `onednn`, fast kernels, or `reference`, plain loops that say what is right.
public typealias Backend = Execution.Backend

extension Backend {
    /// The back end of that name.
    /// - Throws: `usage` naming the nearest name and all there are.
    public init(named name: String) throws(CNNOptError) {
        guard let backend = Backend(rawValue: name) else {
            let known = Backend.allCases.map(\.rawValue)
            let nearest = nearestName(to: name, among: known).map { "did you mean '\($0)'? " } ?? ""
            throw CNNOptError(
                .usage,
                "unknown back end '\(name)'",
                remedy: "\(nearest)there are: \(known.joined(separator: ", "))"
            )
        }
        self = backend
    }
}
