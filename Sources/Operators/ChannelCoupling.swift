import GraphIR
import Tensors

/// Which axes of a node's inputs and outputs shrink together when channels are removed.
///
/// An axis that no link or `free` entry mentions cannot shrink at this node. Source of the idea: Fang et al., DepGraph, 2023.
package struct ChannelCoupling: Sendable, Hashable {
    /// An input or an output of the node.
    package enum Port: Hashable, Sendable {
        case input(Int)
        case output(Int)
    }

    /// One axis, counted from the front, of one port.
    package struct Axis: Hashable, Sendable {
        package let port: Port
        package let axis: Int

        package init(_ port: Port, _ axis: Int) {
            self.port = port
            self.axis = axis
        }
    }

    /// Channel `c` (0 ..< `count`) of one side belongs together with the indices `(o·extent + offset + c)·inner + i` of the
    /// other, for every `o` in 0 ..< `outer` and `i` in 0 ..< `inner`.
    package struct Link: Hashable, Sendable {
        package let from: Axis
        package let to: Axis
        package let count: Int
        package let outer: Int
        package let extent: Int
        package let offset: Int
        package let inner: Int

        package init(
            _ from: Axis,
            _ to: Axis,
            count: Int,
            outer: Int = 1,
            extent: Int? = nil,
            offset: Int = 0,
            inner: Int = 1
        ) {
            self.from = from
            self.to = to
            self.count = count
            self.outer = outer
            self.extent = extent ?? count
            self.offset = offset
            self.inner = inner
        }

        /// The indices of the other side that belong to channel `c`.
        package func indices(of c: Int) -> [Int] {
            (0..<outer).flatMap { o in (0..<inner).map { i in (o * extent + offset + c) * inner + i } }
        }
    }

    package var links: [Link] = []
    /// Sets of alternative links, of which at most one holds: a Reshape that merges or splits axes can carry the channels of
    /// any one of them. The caller takes the one whose axis is not fixed elsewhere.
    package var choices: [[Link]] = []
    /// Axes that may shrink at this node without a partner.
    package var free: [Axis] = []
    /// Why nothing can shrink, for the report.
    package var reason: String?

    package init(links: [Link] = [], choices: [[Link]] = [], free: [Axis] = []) {
        self.links = links
        self.choices = choices
        self.free = free
    }

    /// Nothing can shrink here.
    package static let barrier = ChannelCoupling()

    /// Nothing can shrink here, for the given reason.
    package static func barrier(_ reason: String) -> ChannelCoupling {
        var coupling = ChannelCoupling()
        coupling.reason = reason
        return coupling
    }
}

/// The indices that stay on each axis of a node that shrinks.
package struct ChannelSelection: Sendable {
    /// Sorted indices into the axis as it was; axes that keep all are absent.
    package var kept: [ChannelCoupling.Axis: [Int]]

    package init(kept: [ChannelCoupling.Axis: [Int]]) { self.kept = kept }

    package func kept(_ port: ChannelCoupling.Port, _ axis: Int) -> [Int]? { kept[ChannelCoupling.Axis(port, axis)] }
}

/// Changes to a node in place.
package struct NodeEdit: Sendable {
    /// Attributes that replace those of the same name.
    package var attributes: [Attribute] = []
    /// Attributes that go.
    package var removedAttributes: [String] = []
    /// Stored tensors that replace inputs, or fill optional ones that were left out.
    package var constants: [Int: TensorData] = [:]

    package init(attributes: [Attribute] = [], constants: [Int: TensorData] = [:]) {
        self.attributes = attributes
        self.constants = constants
    }

    package var isEmpty: Bool { attributes.isEmpty && removedAttributes.isEmpty && constants.isEmpty }
}
