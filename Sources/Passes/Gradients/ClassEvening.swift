/// How a classifier's probabilities are evened out before labels are drawn from them: gradients of a sample that the network is sure of vanish.
package struct ClassEvening: Sendable {
    /// By which logits are divided at least.
    package let temperature: Double
    /// The greatest lead, as the logarithm of a ratio, that a sample's first class keeps over its second.
    package let largestLead: Double

    package init(temperature: Double, largestLead: Double) {
        (self.temperature, self.largestLead) = (temperature, largestLead)
    }

    /// Logits divided by the temperature that one sample needs.
    func callAsFunction(_ logits: [Double]) -> [Double] {
        var (first, second) = (-Double.infinity, -Double.infinity)
        for logit in logits {
            if logit > first { (first, second) = (logit, first) } else if logit > second { second = logit }
        }
        let lead = first - second
        let divisor = max(temperature, lead.isFinite ? lead / largestLead : 0)
        return logits.map { $0 / divisor }
    }
}
