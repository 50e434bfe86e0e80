import GraphIR
import Tensors

extension Pad {
    static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        guard fragment.wants(0), try mode(site) == .constant else { return }
        let sizes = try fragment.inputSizes(0)
        guard let pads = try known(site, rank: sizes.count) else { return }
        // What was added is left out, and what was taken away gets zeros.
        let axes = Array(sizes.indices)
        let inner = try fragment.sliced(
            try fragment.gradient(),
            axes: axes,
            starts: axes.map { max(0, pads[$0].front) },
            ends: axes.map { max(0, pads[$0].front) + sizes[$0] + min(0, pads[$0].front) + min(0, pads[$0].back) }
        )
        fragment.set(
            try fragment.padded(
                inner,
                front: axes.map { max(0, -pads[$0].front) },
                back: axes.map { max(0, -pads[$0].back) }
            ),
            for: 0
        )
    }
}
