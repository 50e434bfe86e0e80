import GraphIR
import Operators
import Tensors

/// The stored weight of a linear operator as numbers, and the channels that each of them belongs to.
struct LinearWeight {
    let form: LinearForm
    let elementType: ElementType
    let shape: [Int]
    let values: [Double]
    let outputChannels: Int
    let inputChannels: Int
    private let strides: [Int]

    /// nil where the weight is not stored as floats, or the channels are not those of its axes.
    init?(_ site: OperatorSite, _ form: LinearForm) throws(CNNOptError) {
        guard let weight = site.constant(form.weightPort), weight.elementType.isFloat,
            weight.shape.indices.contains(form.weightOutputAxis), weight.shape.indices.contains(form.weightInputAxis),
            let inputs = site.shape(form.dataPort).flatMap({ $0.size(form.dataChannelAxis) }),
            let outputs = site.outputType(0).shape.flatMap({ $0.size(form.outputChannelAxis) }),
            weight.count > 0, form.groups > 0
        else { return nil }
        let (o, i) = (weight.shape[form.weightOutputAxis], weight.shape[form.weightInputAxis])
        // Either axis may hold the channels of one group alone, but not both.
        guard o == outputs && i * form.groups == inputs || i == inputs && o * form.groups == outputs else { return nil }
        self.form = form
        elementType = weight.elementType
        shape = weight.shape
        strides = rowMajorStrides(weight.shape)
        values = try weight.doubles()
        (outputChannels, inputChannels) = (outputs, inputs)
    }

    private func place(_ index: Int, _ axis: Int) -> Int { index / strides[axis] % shape[axis] }

    /// The channel of the data that an element of the weight is multiplied with.
    func inputChannel(_ index: Int) -> Int {
        let own = place(index, form.weightInputAxis)
        if shape[form.weightInputAxis] == inputChannels { return own }
        let group = place(index, form.weightOutputAxis) / (outputChannels / form.groups)
        return group * shape[form.weightInputAxis] + own
    }

    /// The channel of the output that an element of the weight adds to.
    func outputChannel(_ index: Int) -> Int {
        let own = place(index, form.weightOutputAxis)
        if shape[form.weightOutputAxis] == outputChannels { return own }
        let group = place(index, form.weightInputAxis) / (inputChannels / form.groups)
        return group * shape[form.weightOutputAxis] + own
    }

    /// The bias as one number for each output channel: zeros where there is none, nil where it is computed or has another form.
    func bias(_ site: OperatorSite) throws(CNNOptError) -> [Double]? {
        guard let port = form.biasPort, site.has(port) else { return .init(repeating: 0, count: outputChannels) }
        guard let stored = site.constant(port), stored.shape.last ?? 1 == stored.count else { return nil }
        let numbers = try stored.doubles()
        if numbers.count == outputChannels { return numbers }
        return numbers.count == 1 ? .init(repeating: numbers[0], count: outputChannels) : nil
    }
}

extension [Dimension] {
    fileprivate func size(_ axis: Int) -> Int? { indices.contains(axis) ? self[axis].size : nil }
}

extension TensorData {
    /// Whether a float tensor holds numbers alone, no infinities.
    var isFinite: Bool {
        if elementType == .float32, let found = try? withElements(Float.self, { $0.allSatisfy { $0.isFinite } }) {
            return found
        }
        return ((try? doubles()) ?? [.infinity]).allSatisfy { $0.isFinite }
    }

    /// Numbers rounded once to an element type; nil where one of them is too large for it.
    static func rounding(_ numbers: [Double], to type: ElementType, shape: [Int]) throws(CNNOptError) -> TensorData? {
        let data = try TensorData(doubles: numbers, as: type, shape: shape)
        return data.isFinite ? data : nil
    }
}
