import Tensors

/// Images, their labels and how they become network input. Pixels are decoded when a batch asks for them, so that a folder
/// of any size takes the memory of one batch.
package struct ImageDataset: Sendable {
    /// The last parts of the path that was opened, for reports.
    package let name: String
    package private(set) var preprocess: Preprocess
    /// The class index of every image, with the label offset added; nil without labels.
    package let labels: [Int]?
    private(set) var source: ImageSource
    /// Which images of the source there are, in order.
    private let order: [Int]
    /// Channels, height and width of one image after preprocessing.
    private(set) var finalShape: (channels: Int, height: Int, width: Int)

    /// - Parameter labels: one for each image of the source, or nil.
    /// - Throws: `usage` where the preprocessing does not suit the images; what decoding the first image throws.
    init(name: String, source: ImageSource, labels: [Int]?, preprocess: Preprocess) throws(CNNOptError) {
        self.name = name
        self.source = source
        self.labels = labels
        self.preprocess = preprocess
        order = Array(0..<source.count)
        guard !order.isEmpty else { throw CNNOptError(.invalidData, "there are no images") }
        finalShape = try source.finalShape(preprocess)
    }

    /// Images that are already in memory, of shape N,C,H,W or N,H,W,C or N,H,W.
    package init(
        images: TensorData,
        labels: [Int]? = nil,
        preprocess: Preprocess = Preprocess()
    ) throws(CNNOptError) {
        let source = ImageSource.array(try ImageArray(images))
        guard labels == nil || labels?.count == source.count else {
            throw CNNOptError(.invalidData, "\(labels?.count ?? 0) labels for \(source.count) images")
        }
        try self.init(name: "images in memory", source: source, labels: labels, preprocess: preprocess)
    }

    private init(_ other: ImageDataset, positions: some Collection<Int>) {
        name = other.name
        preprocess = other.preprocess
        source = other.source
        finalShape = other.finalShape
        order = positions.map { other.order[$0] }
        labels = other.labels.map { labels in positions.map { labels[$0] } }
    }

    /// The number of images.
    package var count: Int { order.count }

    /// The element type of batches.
    package var elementType: ElementType { preprocess.elementType ?? .float32 }

    /// The shape of one image as the network sees it, without the batch dimension.
    package var sampleShape: [Int] {
        let (channels, height, width) = finalShape
        return preprocess.layout == .nhwc ? [height, width, channels] : [channels, height, width]
    }

    /// The images at these positions, in this order.
    /// - Throws: `internalFault` where a position does not exist.
    package func subset(_ positions: [Int]) throws(CNNOptError) -> ImageDataset {
        guard positions.allSatisfy({ (0..<count).contains($0) }) else {
            throw CNNOptError(.internalFault, "image positions outside of 0 ..< \(count)")
        }
        return ImageDataset(self, positions: positions)
    }

    /// The first `size` images (all where there are fewer), and the rest.
    package func split(at size: Int) -> (first: ImageDataset, rest: ImageDataset) {
        let cut = max(0, min(size, count))
        return (ImageDataset(self, positions: 0..<cut), ImageDataset(self, positions: cut..<count))
    }

    /// The same images in a random order that depends on the seed and their number alone.
    package func shuffled(seed: UInt64) -> ImageDataset {
        var positions = Array(0..<count)
        var generator = SeededGenerator(seed: seed)
        generator.shuffle(&positions)
        return ImageDataset(self, positions: positions)
    }

    /// The same images prepared in another way.
    func prepared(_ preprocess: Preprocess) throws(CNNOptError) -> ImageDataset { try with(source, preprocess) }

    /// The same images from another source of as many, prepared in another way.
    func with(_ source: ImageSource, _ preprocess: Preprocess) throws(CNNOptError) -> ImageDataset {
        var copy = self
        copy.source = source
        copy.preprocess = preprocess
        copy.finalShape = try source.finalShape(preprocess)
        return copy
    }

    /// The source's index of the image at a position.
    func sourceIndex(_ position: Int) -> Int { order[position] }
}

extension ImageDataset: CustomStringConvertible {
    /// One line for reports: name, number, shape, and whether there are labels.
    package var description: String {
        let shape = sampleShape.map(String.init).joined(separator: "×")
        let images = count == 1 ? "1 image" : "\(count) images"
        return "\(name): \(images) of \(shape), \(labels == nil ? "unlabelled" : "labelled")"
    }
}
