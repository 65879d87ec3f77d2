import JSON

/// A verifier that is a local command: the candidate as one JSON object on standard input, exit code 0 for a pass and 1
/// for none. It may write `{"score": 0.5, "report": "why"}`; other output is the report.
package struct CommandVerifier: Verifier {
    package let name: String
    let settings: CommandSettings
    let sandbox: Sandbox

    package init(name: String, settings: CommandSettings, sandbox: Sandbox = Sandbox()) {
        self.name = name
        self.settings = settings
        self.sandbox = sandbox
    }

    package func verify(_ candidate: Candidate) async -> Verdict {
        do throws(VerifierFailure) {
            return Self.verdict(try await sandbox.run(settings, input: candidate.json.serialized))
        } catch {
            return Verdict(error)
        }
    }

    /// Whether a command can be run here at all: why not, or nil.
    package func trial() async -> VerifierFailure? {
        do throws(VerifierFailure) {
            var trial = settings
            trial.command = ["/bin/true"]
            let answer = try await sandbox.run(trial, input: [])
            if case .failed(let failure) = answer.outcome { return failure }
            return nil
        } catch {
            return error
        }
    }

    static func verdict(_ answer: SandboxAnswer) -> Verdict {
        let text = [answer.output, answer.errors].map { String(decoding: $0, as: UTF8.self) }
            .filter { !$0.isEmpty }.joined(separator: "\n")
        switch answer.outcome {
        case .failed(let failure): return Verdict(failure, report: text)
        case .exited(let code) where code == 0 || code == 1:
            guard let said = (try? JSONValue(parsing: answer.output))?.object else {
                return Verdict(passed: code == 0, report: text)
            }
            return VerdictReader.verdict(passed: code == 0, said)
        case .exited(let code): return Verdict(.exited(code: code), report: text)
        }
    }
}
