import GraphIR
import Tensors

extension Graph {
    /// The input that images go to.
    /// - Throws: `unsupported` where the graph has not exactly one.
    func imageFeed() throws(CNNOptError) -> ValueID {
        guard let feed = feeds.first, feeds.count == 1 else {
            throw CNNOptError(
                .unsupported,
                "images can be fed to a model with one input; this one has \(feeds.count)"
            )
        }
        return feed
    }
}
