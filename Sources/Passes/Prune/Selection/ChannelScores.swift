import Tensors

/// How much the network loses with each channel that is still there.
protocol ChannelScores {
    /// Whether scores are an error that has to be weighed against the work that goes with the channel.
    var isPerMAC: Bool { get }

    /// The score of every channel of a group; those of removed channels mean nothing.
    func scores(_ group: Int) -> [Double]

    /// Takes note that a channel goes.
    /// - Returns: the groups whose scores have changed.
    mutating func remove(_ group: Int, _ channel: Int) throws(CNNOptError) -> Set<Int>
}
