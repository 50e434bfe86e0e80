/// Elements added in front of and behind one axis.
package struct AxisPadding: Sendable, Hashable {
    package var front: Int
    package var back: Int

    package init(front: Int, back: Int) {
        self.front = front
        self.back = back
    }
}

/// Copies of one number added around a tensor.
package struct Filling: Sendable, Hashable {
    package var axes: [AxisPadding]
    package var value: Double

    package init(axes: [AxisPadding], value: Double) {
        self.axes = axes
        self.value = value
    }
}
