import Foundation
import TestSupport
import Testing

@Suite struct RecipeTests {
    private static func run(_ recipe: String, _ arguments: [String] = [], in folder: URL) throws -> CommandResult {
        let file = folder.appendingPathComponent("recipe.yaml")
        try recipe.write(to: file, atomically: true, encoding: .utf8)
        return try cnnopt([Material.sample, folder.path + "/out.onnx", "--config", file.path] + arguments)
    }

    @Test func aRecipeSaysWhatOptionsSay() throws {
        try withTemporaryFolder { folder in
            let recipe = """
                passes:
                  - simplify
                data: \(Material.images)
                labels: \(Material.labels)
                preprocess: scale=1/255
                samples: 40
                seed: 3
                threads: 1
                input-shape: "image:1,1,8,8"
                max-drop: 0.5
                json: true
                quiet: true
                """
            let result = try Self.run(recipe, in: folder)
            #expect(result.status == 0, "\(result.errors)")
            let options = try cnnopt(
                [
                    Material.sample, folder.path + "/out.onnx", "--passes", "simplify", "--samples", "40", "--seed",
                    "3",
                    "--threads", "1", "--input-shape", "image:1,1,8,8", "--max-drop", "0.5", "--json", "--quiet",
                ] + Material.data
            )
            #expect(result.output == options.output && result.errors.isEmpty)
            #expect(try (jsonObject(result.output)["comparison"] as? [String: Any])?["samples"] as? Int == 10)
        }
    }

    @Test func theCommandLineWins() throws {
        try withTemporaryFolder { folder in
            let recipe = "passes: none\ncheck: 2\njson: true\ninput-shape: ['image:7,1,8,8']\nseed: 9\n"
            let result = try Self.run(
                recipe,
                ["--passes", "simplify", "--input-shape", "image:3,1,8,8", "--seed", "0"],
                in: folder
            )
            #expect(result.status == 0, "\(result.errors)")
            let document = try jsonObject(result.output)
            #expect((document["passes"] as? [[String: Any]])?.first?["name"] as? String == "simplify")
            #expect((document["before"] as? [String: Any])?["macs"] as? Int == 3 * 1_825_920)
        }
    }

    @Test(arguments: [
        ("unknown-key", "pases: simplify\n"), ("wrong-type", "samples:\n  many: 3\n"), ("wrong-flag", "json: 3\n"),
        ("wrong-value", "threads: several\n"), ("out-of-range", "max-drop: 200\n"), ("no-mapping", "- simplify\n"),
        ("empty-value", "data:\n"), ("not-yaml", "passes: [simplify\n"),
    ])
    func mistakesNameTheFile(_ name: String, _ recipe: String) throws {
        try withTemporaryFolder { folder in
            let result = try Self.run(recipe, in: folder)
            try expectSnapshot("recipe-\(name)", result, folder: folder)
            #expect(result.status == 64 && result.errors.contains("recipe.yaml"))
        }
    }

    @Test func aMissingRecipeIsAMissingInput() throws {
        #expect(try cnnopt([Material.sample, "out.onnx", "--config", "no-such-recipe.yaml"]).status == 66)
    }
}
