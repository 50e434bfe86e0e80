import GraphIR
import Operators
import Tensors

/// Concrete sizes for input dimensions that the model leaves open.
struct ResolvedInputs {
    /// Shapes with one sample in each batch: what work is counted at.
    private(set) var shapes: [ValueID: [Int]] = [:]
    private(set) var notes: [String] = []

    /// For open heights and widths.
    private static let defaultSize = 224

    init(_ model: Model, _ context: PassContext) throws(CNNOptError) {
        let facts = try GraphFacts(model)
        var sample: [Int] = []
        if let data = context.calibration, data.count > 0 {
            sample = try data.batch(0..<1, threads: context.threads).shape
        }
        for id in model.graph.feeds {
            guard let shape = facts.type(id).shape else { continue }
            let name = model.graph[id].name
            shapes[id] = shape.enumerated().map { axis, dimension in
                if let size = dimension.size { return size }
                if axis == 0 { return 1 }
                if sample.count == shape.count { return sample[axis] }
                notes.append(
                    "dimension \(axis) of input '\(name)' is open: work is counted at \(Self.defaultSize); fix it with --input-shape"
                )
                return Self.defaultSize
            }
        }
    }

    /// Images to learn from where there are no real ones; nil for networks that take no images.
    func syntheticSamples(_ model: Model, _ context: PassContext) -> SyntheticImages? {
        let feeds = model.graph.feeds
        guard feeds.count == 1, let feed = feeds.first, let shape = shapes[feed], shape.count == 4,
            let size = checkedProduct(shape.dropFirst()), size > 0,
            model.graph[feed].type?.tensor?.elementType == .float32
        else { return nil }
        let count = max(128, min(SyntheticImages.mostImages, SyntheticImages.mostElements / size))
        return SyntheticImages(count: count, shape: Array(shape.dropFirst()), seed: context.seed)
    }
}
