import CNNOpt
import Foundation
import Yams

/// A recipe file: the main job's options in YAML, under their names without dashes in front.
struct Recipe: Decodable {
    var passes: String?
    var data: String?
    var labels: String?
    var labelOffset: Int?
    var preprocess: String?
    var samples: Int?
    var evalData: String?
    var evalLabels: String?
    var maxDrop: Double?
    var check: Int?
    var report: String?

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case passes, data, labels, preprocess, samples, check, report
        case labelOffset = "label-offset"
        case evalData = "eval-data"
        case evalLabels = "eval-labels"
        case maxDrop = "max-drop"
    }

    /// - Throws: ``RecipeError`` naming the file and what is wrong in it.
    init(path: String) throws {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw RecipeError(status: 66, message: "\(path): cannot be read; check the name given to --config")
        }
        let text = String(decoding: bytes, as: UTF8.self)
        do {
            let known = CodingKeys.allCases.map(\.rawValue)
            if let keys = try Yams.load(yaml: text) as? [String: Any],
                let stranger = keys.keys.sorted().first(where: { !known.contains($0) })
            {
                throw RecipeError(
                    status: 64,
                    message: "\(path): unknown key '\(stranger)'; there are: \(known.joined(separator: ", "))"
                )
            }
            self = try YAMLDecoder().decode(Recipe.self, from: text)
        } catch let error as RecipeError {
            throw error
        } catch let DecodingError.typeMismatch(_, context) {
            let key = context.codingPath.map(\.stringValue).joined(separator: ".")
            throw RecipeError(status: 64, message: "\(path): '\(key)' has the wrong type")
        } catch {
            throw RecipeError(
                status: 64,
                message: "\(path): not a recipe in YAML: \("\(error)".replacingOccurrences(of: "\n", with: " "))"
            )
        }
    }
}

/// What is wrong with a recipe.
struct RecipeError: Error {
    let status: Int32
    let message: String
}
