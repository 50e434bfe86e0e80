import Execution
import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

/// Every registered operator on nodes that no exporter writes: wrong ranks, empty axes, absent inputs, attributes far outside
/// their range. Whatever comes, the answer is a result or an error; a trap would end the test process.
@Suite struct HostileSiteTests {
    private static let numbers = [-1, 0, 1, 2, 3, -2, 1 << 40, .max, .min]
    private static let integerAttributes = [
        "axis", "group", "ceil_mode", "transA", "transB", "keepdims", "storage_order", "count_include_pad", "p", "size",
        "num_groups", "block_size", "batch_dims", "to", "blocksize", "num_outputs", "start", "end", "k", "largest",
        "exclusive", "reverse", "allowzero", "spatial", "antialias", "exclude_outside", "upper", "select_last_index",
        "noop_with_empty_axes", "fmod", "is_test", "broadcast", "output_dtype", "training_mode", "align_corners",
        "sorted", "sampling_ratio", "output_height", "output_width", "offset_group", "center_point_box", "layout",
        "q_num_heads", "kv_num_heads", "is_causal", "num_heads", "rotary_embedding_dim", "interleaved", "onesided",
        "inverse", "periodic", "output_datatype", "linear_before_reset", "input_forget", "maxsplit",
        "left_window_size", "right_window_size", "qk_matmul_output_mode", "sample_size", "ignore_index", "precision",
        "saturate", "dtype", "channels_last", "opset",
    ]
    private static let listAttributes = [
        "axes", "pads", "strides", "dilations", "kernel_shape", "output_padding", "output_shape", "perm", "shape",
        "split",
        "starts", "ends", "repeats", "border", "pooled_shape",
    ]
    private static let floatAttributes = [
        "alpha", "beta", "epsilon", "bias", "min", "max", "lambd", "cubic_coeff_a", "extrapolation_value", "ratio",
        "gamma", "spatial_scale", "scale", "clip", "softcap",
    ]
    private static let textAttributes = [
        ("auto_pad", "SAME_UPPER"), ("auto_pad", "VALID"), ("mode", "linear"), ("mode", "cubic"), ("mode", "reflect"),
        ("mode", "edge"), ("coordinate_transformation_mode", "tf_crop_and_resize"), ("reduction", "add"),
        ("coordinate_transformation_mode", "align_corners"), ("keep_aspect_ratio_policy", "not_larger"),
        ("direction", "LEFT"), ("mode", "nearest"), ("mode", "max"), ("padding_mode", "reflection"),
        ("padding_mode", "border"), ("equation", "ij,jk->ik"), ("equation", "...i,...i->..."), ("equation", "ii"),
        ("direction", "bidirectional"), ("update_rule", "linear"), ("round_mode", "nearest"), ("reduction", "none"),
        ("mode", "circular"), ("delimiter", "a"),
    ]
    private static let names = OperatorRegistry.standard.operators.keys.sorted { $0.description < $1.description }

    @Test(arguments: names) func answersOrRefuses(_ name: OperatorName) throws {
        var random = SeededGenerator(seed: UInt64(name.type.utf8.reduce(0) { $0 &* 31 &+ Int($1) }.magnitude))
        let arity = try #require(OperatorRegistry.standard[name]).schema.inputs
        let limit = name.domain.isEmpty ? 5 : 9
        let (lowest, highest) = (min(arity.lowerBound, limit), min(arity.upperBound, limit))
        for _ in 0..<150 {
            let opset = [6, 9, 11, 13, 18, 21][random.index(below: 6)]
            var inputs: [TensorData?] = []
            // One shape for about half of the inputs: two tensors of it make a convolution, a product, a sum.
            let edge = 1 + random.index(below: 4)
            let common = [[edge, edge, 3, 3], [2, edge, edge], [edge, edge], [edge]][random.index(below: 4)]
            for _ in 0..<lowest + random.index(below: highest - lowest + 1) {
                inputs.append(try input(&random, common))
            }
            let constants = Set(inputs.indices.filter { _ in random.index(below: 2) == 0 })
            do {
                try ask(name, inputs, constants, attributes(&random), opset)
            } catch  where error.code == .internalFault {
                Issue.record("\(name) of operator set \(opset) on \(inputs.map { $0?.shape ?? [] }): \(error)")
            } catch {}
        }
    }

    /// Everything that a site can be asked, then a run.
    private func ask(
        _ name: OperatorName,
        _ inputs: [TensorData?],
        _ constants: Set<Int>,
        _ attributes: [Attribute],
        _ opset: Int
    ) throws(CNNOptError) {
        let model = try singleNodeModel(
            name.type,
            inputs: inputs,
            constants: constants,
            attributes: attributes,
            opset: opset,
            domain: name.domain
        )
        let facts = try GraphFacts(model)
        for id in Array(model.graph.nodeIDs) {
            let site = facts.site(id, model.graph)
            let definition = try definition(site)
            let links = try definition.coupling(site).links
            let kept = links.map { ($0.to, Array(0..<min(1, $0.count))) }
            _ = try definition.narrowed(site, ChannelSelection(kept: Dictionary(kept) { first, _ in first }))
            _ = (try definition.cost(site), try definition.linearForm(site), try definition.channelAffine(site))
            _ = (try definition.traits(site), try definition.forwardedInput(site))
            _ = try definition.upgraded(site, to: 21)
        }
        _ = try runOperator(
            name.type,
            inputs: inputs,
            constants: constants,
            attributes: attributes,
            opset: opset,
            domain: name.domain
        )
    }

    private func input(_ random: inout SeededGenerator, _ common: [Int]) throws(CNNOptError) -> TensorData? {
        let other = (0..<random.index(below: 5)).map { _ in [0, 1, 1, 2, 3, 4][random.index(below: 6)] }
        let shape = random.index(below: 2) == 0 ? common : other
        let count = shape.reduce(1, *)
        switch random.index(below: 8) {
        case 0: return nil
        case 1:
            return try TensorData((0..<count).map { _ in Int64(Self.numbers[random.index(below: 9)]) }, shape: shape)
        case 2: return try TensorData((0..<count).map { _ in Int32(random.index(below: 5)) - 2 }, shape: shape)
        case 3:
            return try TensorData(
                (0..<count).map { _ in [Float.nan, .infinity, 0, -1e38][random.index(below: 4)] },
                shape: shape
            )
        // Small: four of them as a shape fit into memory.
        case 4: return try TensorData((0..<count).map { _ in UInt8(random.index(below: 40)) }, shape: shape)
        case 5: return try TensorData(zeros: .bool, shape: shape)
        default: return try randomTensor(shape, &random)
        }
    }

    private func attributes(_ random: inout SeededGenerator) -> [Attribute] {
        var list: [Attribute] = []
        // From none to many, so that some sites get past their first check.
        let rarity = [3, 8, 20, 60][random.index(below: 4)]
        for name in Self.integerAttributes where random.index(below: rarity) == 0 {
            list.append(Attribute(name, Self.numbers[random.index(below: random.index(below: 2) == 0 ? 5 : 9)]))
        }
        for name in Self.listAttributes where random.index(below: rarity) == 0 {
            if random.index(below: 2) == 0 {
                // What fits two spatial axes.
                list.append(Attribute(name, (0..<(name == "pads" ? 4 : 2)).map { _ in 1 + random.index(below: 2) }))
            } else {
                let count = random.index(below: 5)
                list.append(Attribute(name, (0..<count).map { _ in Self.numbers[random.index(below: 9)] }))
            }
        }
        if random.index(below: 2) == 0, !list.contains(where: { $0.name == "kernel_shape" }) {
            list.append(Attribute("kernel_shape", [2, 1 + random.index(below: 2)]))
        }
        for name in Self.floatAttributes where random.index(below: rarity) == 0 {
            list.append(
                Attribute(name, [0, 1, -1, 0.5, .nan, .infinity, -.infinity, 1e38][random.index(below: 8)] as Float)
            )
        }
        if random.index(below: 2) == 0 {
            let (name, value) = Self.textAttributes[random.index(below: Self.textAttributes.count)]
            list.append(Attribute(name, value))
        }
        return list
    }
}
