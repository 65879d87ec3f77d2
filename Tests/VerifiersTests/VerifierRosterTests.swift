import JSON
import Testing
import Verifiers

struct VerifierRosterTests {
    @Test func `verifiers are found by name, the built-in one always`() throws {
        let roster = try VerifierRoster(["sum": .command(CommandSettings(command: ["true"]))], limit: 2)
        #expect(roster.names == ["schema", "sum"])
        #expect(roster["sum"]?.name == "sum" && roster["other"] == nil)
    }

    @Test func `a URL that is none is found at the start`() {
        #expect(throws: (any Error).self) {
            try VerifierRoster(["x": .callback(CallbackSettings(url: "ftp://here"))], limit: 1)
        }
    }
}

struct VerdictTests {
    @Test func `a long report is cut where a character ends`() {
        let verdict = Verdict(passed: false, report: String(repeating: "é", count: 5000))
        #expect(verdict.report.utf8.count <= Verdict.reportLimit + 3 && verdict.report.hasSuffix("é…"))
    }

    @Test func `a failure has its name and its reason`() {
        let json = Verdict(.crashed(signal: 11)).json.object
        #expect(json?["failure"] == "crashed" && json?["detail"] == "It was ended by signal 11.")
    }
}
