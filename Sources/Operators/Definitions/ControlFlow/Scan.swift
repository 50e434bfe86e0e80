import GraphIR
import Tensors

/// A graph run once for each index of an axis of some inputs. State goes from one run to the next; the other outputs are
/// collected along an axis.
///
/// Operator set 8 has a batch axis in front of everything, and each batch entry may have a length of its own.
enum Scan: Operator {
    static let schema = OperatorSchema(
        "Scan",
        versions: [8, 9, 11, 16, 19, 21, 23, 24, 25],
        inputs: 1...Int.max,
        outputs: 1...Int.max
    )

    static func bodySignature(_ site: OperatorSite, of attribute: String) throws(CNNOptError) -> BodySignature? {
        guard attribute == ScanForm.attribute else { return nil }
        let form = try ScanForm(site)
        var inputs: [OperatorSite.Input] = []
        var feedback: [Int: Int] = [:]
        for port in 0..<form.stateCount {
            var type = site.type(form.firstState + port)
            if form.isBatched { type.shape = type.shape.map { Array($0.dropFirst()) } }
            inputs.append(OperatorSite.Input(type: type))
            feedback[port] = port
        }
        for (index, axis) in form.inputAxes.enumerated() {
            var type = site.type(form.firstScanned + index)
            if let shape = type.shape {
                let axis = try site.normalizedAxis(form.isBatched ? 1 : axis, rank: shape.count)
                type.shape = shape.indices.filter { $0 != axis && !(form.isBatched && $0 == 0) }.map { shape[$0] }
            }
            inputs.append(OperatorSite.Input(type: type))
        }
        return BodySignature(inputs: inputs, feedback: feedback)
    }

    /// The number of runs, as far as it is known.
    private static func length(_ site: OperatorSite, _ form: ScanForm) throws(CNNOptError) -> Dimension {
        var length = Dimension.unknown
        for (index, axis) in form.inputAxes.enumerated() {
            guard let shape = site.shape(form.firstScanned + index) else { continue }
            let size = shape[try site.normalizedAxis(form.isBatched ? 1 : axis, rank: shape.count)]
            if let known = length.size, let other = size.size, known != other {
                throw site.failure(.invalidModel, "scanned inputs of \(known) and \(other) entries")
            }
            length = length.merged(size)
        }
        return length
    }

    private static func batch(_ site: OperatorSite, _ form: ScanForm) -> Dimension {
        (form.firstState..<form.firstScanned + form.inputAxes.count).reduce(.unknown) { size, port in
            size.merged(site.shape(port)?.first ?? .unknown)
        }
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let form = try ScanForm(site)
        let body = try site.body(ScanForm.attribute)
        let outputAxes = try form.outputAxes(site, body)
        let (length, batch) = (try length(site, form), batch(site, form))
        var types: [TensorType] = []
        for var type in body.inputTypes.prefix(form.stateCount) {
            if form.isBatched { type.shape = type.shape.map { [batch] + $0 } }
            types.append(type)
        }
        for (var type, axis) in zip(body.outputTypes.dropFirst(form.stateCount), outputAxes) {
            if var shape = type.shape {
                shape.insert(length, at: try site.normalizedAxis(axis, rank: shape.count + 1))
                type.shape = form.isBatched ? [batch] + shape : shape
            }
            types.append(type)
        }
        return types
    }

    static func cost(_ site: OperatorSite) throws(CNNOptError) -> Cost? {
        let form = try ScanForm(site)
        guard let macs = try site.body(ScanForm.attribute).cost.macs else { return nil }
        if macs == 0 { return Cost(macs: 0) }
        let runs = form.isBatched ? batch(site, form).size : 1
        guard let length = try length(site, form).size, let runs else { return nil }
        return checkedProduct([macs, length, runs]).map { Cost(macs: $0) }
    }

    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard site.opset < 9, opset >= 9 else { return nil }
        throw site.failure(
            .unsupported,
            "a Scan with a batch axis has no form in operator set \(opset)",
            remedy: "export the model with operator set \(opset)"
        )
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let form = try ScanForm(site)
        let body = try site.body(ScanForm.attribute)
        let run = ScanRun(
            form: form,
            outputAxes: try form.outputAxes(site, body),
            outputIsReversed: try form.outputDirections(site, body),
            expected: Array(body.outputTypes.dropFirst(form.stateCount)),
            runner: try site.runner(ScanForm.attribute)
        )
        let inputCount = site.node.inputs.count
        return BodyKernel { (arguments, threads, budget) throws(CNNOptError) in
            let inputs = Array(arguments.prefix(inputCount))
            let captured = Array(arguments.dropFirst(inputCount))
            return form.isBatched
                ? try run.batched(inputs, captured, threads, &budget)
                : try run.single(inputs, captured, threads, &budget)
        }
    }
}
