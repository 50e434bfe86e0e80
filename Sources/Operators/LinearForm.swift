/// How an operator applies a stored weight: output channel = Σ weight · input channel (+ bias).
package struct LinearForm: Sendable, Hashable {
    /// The input ports of data, weight and bias.
    package var dataPort: Int
    package var weightPort: Int
    package var biasPort: Int?
    /// The weight's axes of output and input channels. A grouped convolution's input axis holds one group's channels.
    package var weightOutputAxis: Int
    package var weightInputAxis: Int
    /// The channel axes of data and output, counted from the front.
    package var dataChannelAxis: Int
    package var outputChannelAxis: Int
    /// Groups of a grouped convolution; 1 otherwise.
    package var groups: Int
    /// Whether each output element is a sum over all weights of its channel: no zeros stand around the data.
    package var seesWholeWeight: Bool
    /// Whether each output position depends on the same position of the data alone, by a weight without further axes.
    package var isPointwise: Bool

    package init(
        dataPort: Int = 0,
        weightPort: Int = 1,
        biasPort: Int? = 2,
        weightOutputAxis: Int,
        weightInputAxis: Int,
        dataChannelAxis: Int = 1,
        outputChannelAxis: Int = 1,
        groups: Int = 1,
        seesWholeWeight: Bool = true,
        isPointwise: Bool = true
    ) {
        self.dataPort = dataPort
        self.weightPort = weightPort
        self.biasPort = biasPort
        self.weightOutputAxis = weightOutputAxis
        self.weightInputAxis = weightInputAxis
        self.dataChannelAxis = dataChannelAxis
        self.outputChannelAxis = outputChannelAxis
        self.groups = groups
        self.seesWholeWeight = seesWholeWeight
        self.isPointwise = isPointwise
    }
}
