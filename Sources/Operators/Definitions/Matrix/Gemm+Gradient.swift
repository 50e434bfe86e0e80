import GraphIR
import Tensors

extension Gemm {
    static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        let form = try Form(site)
        let gradient = try fragment.gradient()
        func product(_ a: GradientFragment.Operand, _ b: GradientFragment.Operand, _ transA: Bool, _ transB: Bool)
            -> GradientFragment.Operand
        {
            fragment.add(
                "Gemm",
                [a, b],
                [
                    Attribute("alpha", form.alpha), Attribute("transA", transA ? 1 : 0),
                    Attribute("transB", transB ? 1 : 0),
                ]
            )
        }
        if fragment.wants(0) {
            fragment.set(
                form.transA
                    ? product(.input(1), gradient, form.transB, true)
                    : product(gradient, .input(1), false, !form.transB),
                for: 0
            )
        }
        if fragment.wants(1) {
            fragment.set(
                form.transB
                    ? product(gradient, .input(0), true, form.transA)
                    : product(.input(0), gradient, !form.transA, false),
                for: 1
            )
        }
        try fragment.set(for: 2) { (fragment) throws(CNNOptError) in
            let sums = try fragment.summed(gradient, from: try fragment.outputSizes(), to: try fragment.inputSizes(2))
            return try fragment.product(sums, Double(form.beta))
        }
    }
}
