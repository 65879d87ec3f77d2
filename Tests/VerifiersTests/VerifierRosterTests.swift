import JSON
import Telemetry
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

struct VerifierMetricsTests {
    /// Says what it is told to, when it is told to.
    private struct GuidedVerifier: Verifier {
        let name = "guided"
        let verdicts: AsyncStream<Verdict>

        func verify(_ candidate: Candidate) async -> Verdict {
            for await verdict in verdicts { return verdict }
            return Verdict(.cancelled)
        }
    }

    private func value(_ series: String, _ metrics: MetricsRegistry) -> String? {
        metrics.page().split(separator: "\n").first { $0.hasPrefix(series + " ") }.map {
            String($0.dropFirst(series.count + 1))
        }
    }

    @Test func `runs are counted by what came of them, with their time`() async throws {
        let metrics = MetricsRegistry()
        let (verdicts, guide) = AsyncStream.makeStream(of: Verdict.self)
        let verifier = try #require(VerifierRoster([GuidedVerifier(verdicts: verdicts)], metrics: metrics)["guided"])
        let runs = { (outcome: String) in
            value("drover_verifier_runs_total{verifier=\"guided\",outcome=\"\(outcome)\"}", metrics)
        }
        #expect(runs("passed") == "0" && runs("rejected") == "0" && runs("memory") == nil)
        for verdict in [Verdict(passed: true), Verdict(passed: false), Verdict(passed: true), Verdict(.memory)] {
            guide.yield(verdict)
            #expect(await verifier.verify(Candidate(completion: "")) == verdict)
        }
        #expect(runs("passed") == "2" && runs("rejected") == "1" && runs("memory") == "1")
        #expect(value("drover_verifier_seconds_count{verifier=\"guided\"}", metrics) == "4")
        #expect(value("drover_verifier_runs_total{verifier=\"schema\",outcome=\"passed\"}", metrics) == "0")
    }

    @Test func `who has no turn waits, and who has one runs`() async throws {
        let metrics = MetricsRegistry()
        let (verdicts, guide) = AsyncStream.makeStream(of: Verdict.self)
        let roster = VerifierRoster([GuidedVerifier(verdicts: verdicts)], limit: 1, metrics: metrics)
        let verifier = try #require(roster["guided"])
        let load = {
            ["running", "waiting"].map { value("drover_verifier_\($0){verifier=\"guided\"}", metrics) }
        }
        #expect(load() == ["0.0", "0.0"])
        let asking = Task {
            async let one = verifier.verify(Candidate(completion: "a"))
            async let other = verifier.verify(Candidate(completion: "b"))
            return await [one, other]
        }
        while load() != ["1.0", "1.0"] { await Task.yield() }
        guide.yield(Verdict(passed: true))
        while load() != ["1.0", "0.0"] { await Task.yield() }
        guide.yield(Verdict(passed: true))
        #expect(await asking.value.allSatisfy(\.passed))
        #expect(load() == ["0.0", "0.0"])
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
