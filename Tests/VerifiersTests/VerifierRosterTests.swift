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

struct VerifierDeadlineTests {
    /// Decides when it is cancelled, and not before.
    private struct PatientVerifier: Verifier {
        let name = "patient"

        func verify(_ candidate: Candidate) async -> Verdict {
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(86_400)) }
            return Verdict(.cancelled)
        }
    }

    @Test func `who has no verdict when the time is over is ended, also without a turn`() async throws {
        let verifier = try #require(VerifierRoster([PatientVerifier()], limit: 1)["patient"])
        let deadline = ContinuousClock.now + .milliseconds(20)
        async let one = verifier.verify(Candidate(completion: "a"), by: deadline)
        async let other = verifier.verify(Candidate(completion: "b"), by: deadline)
        #expect(await [one, other].map(\.failure) == [.deadline, .deadline])
    }

    @Test func `a verdict that is there in time stays`() async throws {
        let verifier = try #require(VerifierRoster()["schema"])
        let verdict = await verifier.verify(Candidate(completion: "a"), by: .now + .seconds(86_400))
        #expect(verdict == Verdict(passed: false, report: "The answer calls no tool."))
    }

    @Test func `nobody waits for one whose asker has left`() async throws {
        let verifier = try #require(VerifierRoster([PatientVerifier()])["patient"])
        let asking = Task { await verifier.verify(Candidate(completion: "a"), by: .now + .seconds(86_400)) }
        asking.cancel()
        #expect(await asking.value.failure == .cancelled)
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
