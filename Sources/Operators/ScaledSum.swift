import Tensors

/// Σ eˣ as e^`largest` · `sum`, which does not overflow.
struct ScaledSum: Sendable {
    private var largest = -Double.infinity
    private var sum = 0.0

    func adding(_ x: Double) -> ScaledSum {
        var result = self
        if x == largest {
            result.sum += 1
        } else if x < largest {
            result.sum += Mathematics.exp(x - largest)
        } else {
            // Also NaN, which then stays.
            result.sum = (sum == 0 ? 0 : sum * Mathematics.exp(largest - x)) + 1
            result.largest = x
        }
        return result
    }

    func adding(_ other: ScaledSum) -> ScaledSum {
        if other.sum == 0 || largest.isNaN { return self }
        if sum == 0 || other.largest.isNaN { return other }
        var result = self
        if other.largest == largest {
            result.sum += other.sum
        } else if other.largest < largest {
            result.sum += other.sum * Mathematics.exp(other.largest - largest)
        } else {
            result.sum = sum * Mathematics.exp(largest - other.largest) + other.sum
            result.largest = other.largest
        }
        return result
    }

    var logarithm: Double { largest + Mathematics.log(sum) }
}
