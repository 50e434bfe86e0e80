import ArgumentParser
import CNNOpt
import Reports

/// `cnnopt bench`.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure how long a model takes, on seeded random inputs."
    )

    @Argument(help: "The model.") var model: String
    @Option(help: ArgumentHelp("Runs that are timed.", valueName: "n")) var runs = 20
    @Flag(help: "Time every layer too.") var profile = false
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var shared: SharedOptions

    private static let mostRuns = 1_000_000

    func validate() throws {
        guard (1...Self.mostRuns).contains(runs) else {
            throw ValidationError("--runs \(runs): 1 to \(Self.mostRuns) are possible")
        }
    }

    func run() throws {
        let result = try shared.perform { options in
            var job = BenchJob(model: model)
            job.runs = runs
            job.profiles = profile
            job.options = options
            return try job.run()
        }
        try Console.result(json ? try JSON.text(result) : text(result))
    }

    private func text(_ result: BenchResult) -> String {
        let latency = result.latency
        let facts = Table(
            columns: [("", .left), ("", .left)],
            rows: [
                ["model", model],
                ["back end", shared.backend],
                ["batch, threads", "\(result.batch), \(result.threads)"],
                [
                    "latency",
                    "\(Self.milliseconds(latency.median)) (median of \(Numbers.grouped(result.runs))), least \(Self.milliseconds(latency.min)), 95 % within \(Self.milliseconds(latency.p95))",
                ],
                ["images per second", Numbers.fixed(result.imagesPerSecond, digits: 1)],
                ["plan made in", Self.milliseconds(result.planMilliseconds)],
                [
                    "memory",
                    "arena \(Numbers.bytes(result.arenaBytes)), largest live set \(Numbers.bytes(result.largestLiveSetBytes))",
                ],
            ]
        ).lines(separator: "  ")
        return facts + (result.layers.map { "\n\n" + layers($0).text } ?? "")
    }

    private func layers(_ layers: [BenchResult.Layer]) -> Table {
        var table = Table(
            columns: [
                ("layer", .left), ("operators", .left), ("output", .left), ("ms", .right), ("share", .right),
                ("GFLOP/s", .right),
            ],
            rows: layers.map { layer in
                [
                    layer.name, layer.operators, "[\(layer.shape.map(String.init).joined(separator: ","))]",
                    Numbers.fixed(layer.milliseconds, digits: 3), Numbers.fixed(layer.share, digits: 1) + " %",
                    layer.gigaflops.map { Numbers.fixed($0, digits: 1) } ?? "",
                ]
            }
        )
        guard shared.verbose else { return table }
        table.columns += [("kernel", .left), ("layout", .left), ("moved", .right), ("note", .left)]
        for (row, layer) in layers.enumerated() {
            table.rows[row] += [layer.kernel, layer.layout, Numbers.bytes(layer.bytes), layer.note ?? ""]
        }
        return table
    }

    private static func milliseconds(_ value: Double) -> String {
        Numbers.fixed(value, digits: value < 10 ? 3 : 1) + " ms"
    }
}
