import Tensors

/// The passes of this build.
package enum PassRegistry {
    package static let all: [any Pass.Type] = [
        SimplifyPass.self, LowRankPass.self, PrunePass.self, QuantizePass.self,
    ]

    /// The pass of that name.
    package static func named(_ name: String) -> (any Pass.Type)? { all.first { $0.info.name == name } }
}
