import ArgumentParser
import CNNOpt
import Foundation
import Reports

/// Options of the commands that change a model's container.
struct ContainerOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Threads that code at once. (default: all processors)", valueName: "n"))
    var threads: Int?

    @Flag(help: "Print one JSON document.") var json = false

    @OptionGroup var messages: MessageOptions

    func validate() throws { _ = try ThreadCount.resolved(threads) }

    /// Runs a job and shows what it is at.
    func perform<R>(_ text: String, _ job: (_ threads: Int) throws -> R) throws -> R {
        let line = messages.progressLine()
        defer { line.finish() }
        line.update(text, nil)
        return try job(ThreadCount.resolved(threads))
    }

    /// A line of what coding took, for those who want to hear more.
    func text(_ effort: CodingEffort) -> String {
        guard messages.verbose else { return "" }
        let rate = Double(effort.numbers) / max(effort.seconds, 1e-9) / 1e6
        return
            "\n\(Numbers.grouped(effort.numbers)) numbers coded in \(Numbers.fixed(1_000 * effort.seconds, digits: 1)) ms"
            + " on \(effort.threads) \(effort.threads == 1 ? "thread" : "threads"): \(Numbers.fixed(rate, digits: 1)) million a second"
    }
}

/// `cnnopt pack`.
struct Pack: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Pack an ONNX file into a compact one, from which unpack restores it byte for byte."
    )

    @Argument(help: "The ONNX model.") var model: String
    @Argument(help: "The compact file to write: its name ends in .cnz.") var output: String
    @OptionGroup var options: ContainerOptions

    func run() throws {
        let result = try options.perform("packing \(model)") { try PackJob.pack(model, to: output, threads: $0) }
        try Console.result(options.json ? try JSON.text(result) : text(result) + options.text(result.effort))
    }

    private func text(_ result: PackResult) -> String {
        func row(_ name: String, _ sections: Int, _ tensors: Int, _ before: Int?, _ after: Int) -> [String] {
            let ratio = before.map { $0 == 0 ? "" : Numbers.fixed(100 * Double(after) / Double($0), digits: 1) + " %" }
            return [
                name, sections == 0 ? "" : Numbers.grouped(sections), tensors == 0 ? "" : Numbers.grouped(tensors),
                before.map(Numbers.grouped) ?? "", Numbers.grouped(after), ratio ?? "",
            ]
        }
        var rows = result.parts.map { row($0.kind, $0.sections, $0.tensors, $0.modelBytes, $0.compactBytes) }
        rows.append(row("whole file", 0, 0, result.modelBytes, result.compactBytes))
        return Table(
            columns: [
                ("part", .left), ("sections", .right), ("tensors", .right), ("bytes", .right), ("packed", .right),
                ("ratio", .right),
            ],
            rows: rows
        ).text
    }
}

/// `cnnopt unpack`.
struct Unpack: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Restore the ONNX file that was packed, byte for byte.")

    @Argument(help: "The compact file.") var file: String
    @Argument(help: "The ONNX file to write.") var output: String
    @OptionGroup var options: ContainerOptions

    func run() throws {
        let result = try options.perform("restoring \(file)") { try PackJob.unpack(file, to: output, threads: $0) }
        try Console.result(
            options.json
                ? try JSON.text(result)
                : "\(result.output): \(Numbers.grouped(result.modelBytes)) bytes restored" + options.text(result.effort)
        )
    }
}
