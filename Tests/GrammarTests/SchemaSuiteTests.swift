import Foundation
import Grammar
import JSON
import Testing

/// The official tests of JSON Schema, draft 2020-12, in the folder that `JSON_SCHEMA_TEST_SUITE` names
/// (Tests/json-schema-suite gets it).
struct SchemaSuiteTests {
    private static let folder = ProcessInfo.processInfo.environment["JSON_SCHEMA_TEST_SUITE"]

    /// What a grammar that writes documents does otherwise on purpose: file, part of the test's name, and why.
    /// Members in the order of `properties`, objects that are closed unless they say otherwise, and numbers with an
    /// exponent only where nothing limits them are no entries here: `opened` and `spellings` allow for them.
    private static let differences =
        [("vocabulary", "no validation: invalid number", "a metaschema elsewhere, without validation, is not fetched")]
        + ["date", "time", "date-time", "uuid", "email", "hostname", "ipv4", "ipv6", "uri", "duration"].map {
            ("format", "invalid \($0) string is only an annotation", "a format is asked for to be kept")
        }

    /// Keywords without which a schema is never refused.
    private static let unsupported: Set<String> = [
        "if", "then", "else", "contains", "minContains", "maxContains", "dependentRequired", "dependentSchemas",
        "unevaluatedItems", "unevaluatedProperties", "$dynamicRef", "$dynamicAnchor",
        // Below the top.
        "$id",
        // Unless the values are listed.
        "uniqueItems",
    ]

    @Test(.enabled(if: folder != nil, "JSON_SCHEMA_TEST_SUITE names no folder"))
    func `an instance can be written if and only if it is valid`() throws {
        let folder = URL(filePath: try #require(Self.folder))
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "json" }.sorted { $0.path < $1.path }
        var (checked, refused) = (0, [String: Int]())
        for file in files {
            let groups = try #require(try JSONValue(parsing: Array(try Data(contentsOf: file))).array)
            for group in groups {
                do throws(GrammarError) {
                    checked += try check(group, file.deletingPathExtension().lastPathComponent)
                } catch {
                    let reason = try #require(Self.reason(error), "\(file.lastPathComponent): \(error)")
                    refused[reason, default: 0] += 1
                }
            }
        }
        print("\(checked) instances checked; schemas refused for \(refused.sorted { $0.key < $1.key })")
        #expect(checked > 750)
    }

    /// What a refusal names; nil if it has no right to be one.
    private static func reason(_ error: GrammarError) -> String? {
        switch error {
        case .unsupportedKeyword(let keyword, _): unsupported.contains(keyword) ? keyword : nil
        case .invalidSchema(let pointer, _) where pointer.hasSuffix("/$ref"): "$ref elsewhere"
        case .invalidSchema(_, let reason) where reason.contains("'\\p'"): "\\p in a pattern"
        case .tooComplex(let reason) where reason.contains("multipleOf"): "multipleOf with many digits"
        default: nil
        }
    }

    private func check(_ group: JSONValue, _ file: String) throws(GrammarError) -> Int {
        let schema = (group.object?["schema"] ?? .null).opened
        let grammar: Grammar? = try { () throws(GrammarError) in
            do throws(GrammarError) { return try SchemaCompiler.grammar(for: schema) } catch .unsatisfiable {
                return nil
            }
        }()
        var compiled: CompiledGrammar?
        #expect(throws: Never.self) {
            do { compiled = try grammar.map { try Texts.compile($0) } } catch GrammarError.unsatisfiable {}
        }
        let tests = group.object?["tests"]?.array ?? []
        for test in tests {
            let name = test.object?["description"]?.string ?? ""
            let isValid = test.object?["valid"] == true
            let isDifferent = Self.differences.contains { $0.0 == file && name.contains($0.1) }
            let spellings = (test.object?["data"] ?? .null).spellings
            let isWritten = spellings.contains { text in
                compiled.map { (try? Texts.contains($0, text)) == true } ?? false
            }
            #expect(
                isWritten == (isValid != isDifferent), "\(file): \(group.object?["description"]?.string ?? ""): \(name)"
            )
        }
        return tests.count
    }
}

extension JSONValue {
    /// The schema with `additionalProperties: true` where it says nothing: there the compiler takes false.
    fileprivate var opened: JSONValue {
        switch self {
        case .array(let values): return .array(values.map(\.opened))
        case .object(let object):
            var result = JSONObject(
                object.members.map { member in
                    let isData = ["enum", "const"].contains(member.name)
                    return (member.name, isData ? member.value : member.value.opened)
                })
            let namesMembers = ["properties", "patternProperties"].contains { result[$0]?.object != nil }
            if namesMembers, result["additionalProperties"] == nil { result["additionalProperties"] = true }
            return .object(result)
        default: return self
        }
    }

    /// All texts of the value that differ in the order of members, which follows `properties`, and in the spelling of
    /// numbers.
    fileprivate var spellings: [String] {
        switch self {
        case .integer(let value): ["\(value)", "\(value).0"]
        case .number(let value):
            [text] + (Int64(exactly: value).map { ["\($0)"] } ?? [])
        case .array(let values): Self.joined(values.map(\.spellings)).map { "[\($0)]" }
        case .object(let object):
            object.members.map { member in
                member.value.spellings.map { JSONValue.string(member.name).text + ":" + $0 }
            }.permutations.flatMap(Self.joined).map { "{\($0)}" }
        default: [text]
        }
    }

    private var text: String { String(decoding: serialized, as: UTF8.self) }

    private static func joined(_ parts: [[String]]) -> [String] {
        guard let first = parts.first else { return [""] }
        return parts.dropFirst().reduce(first) { texts, part in texts.flatMap { text in part.map { text + "," + $0 } } }
    }
}

extension Array {
    fileprivate var permutations: [[Element]] {
        guard count > 1 else { return [self] }
        return indices.flatMap { index in
            var rest = self
            let first = rest.remove(at: index)
            return rest.permutations.map { [first] + $0 }
        }
    }
}
