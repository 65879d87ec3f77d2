import Foundation
import Testing

/// The table of bad inputs and faults that this server answers for, against the tests: every row has one that bears
/// its name, or stands here with the reason why not.
struct RowCoverageTests {
    /// HTTP framing, JSON and API, TLS, keys, operations. Rows of model files, templates and grammars (M, T, G), of the
    /// K/V pool and the batch store (O13 to O20) and of GPUs (O34) have tests by what they are about.
    private static let rows =
        names("H", 1...64) + names("J", 1...60) + names("S", 1...12) + names("A", 1...14) + names("O", 1...12)
        + names("O", 21...33)

    private static let reasons = [
        "H58":
            "the memory of 10,000 idle connections is measured by hand: Tests/faults with all of them open takes long",
        "J43": "beginnings are found by a keyed hash of 128 bits: nobody can look for two that are the same",
        "J57": "there are no batch routes yet",
        "J58": "there are no file routes yet",
        "J59": "there are no batch routes yet",
        "J60": "schemathesis is not among the test packages; BodyRow has a negative case for every field",
        "O23":
            "takes an hour; Tests/faults has the disconnect storm, which leaks in a minute what that leaks in an hour",
        "O24": "takes seven days",
        "O29": "a restart is systemd's; test_O11 has the time from a kill to ready",
    ]

    private static func names(_ letter: String, _ range: ClosedRange<Int>) -> [String] {
        range.map { "\(letter)\($0)" }
    }

    private static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Rows named by a Swift test, by an entry of a table of rows, or by a Python test.
    private static func named() throws -> Set<String> {
        var rows: Set<String> = []
        for case let file as URL in try #require(
            FileManager.default.enumerator(at: tests, includingPropertiesForKeys: nil))
        where ["swift", "py"].contains(file.pathExtension) && file.lastPathComponent != "RowCoverageTests.swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: /func `([^`]*)`|\(\s*"([HJ]\d+)", |def test_(\w+)/) {
                let words = match.output.1 ?? match.output.2 ?? match.output.3 ?? ""
                rows.formUnion(words.matches(of: /(?:^|[^A-Za-z])([HJSAO]\d+)/).map { String($0.output.1) })
            }
        }
        return rows
    }

    @Test func `every row has a test of its name, or a reason`() throws {
        let named = try Self.named()
        let missing = Self.rows.filter { !named.contains($0) && Self.reasons[$0] == nil }
        #expect(missing == [])
        #expect(Self.reasons.keys.filter(named.contains) == [], "these have tests and need no reason")
    }
}
