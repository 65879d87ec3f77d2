import Glibc
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

    /// Why the command could not be run here; nil if it could. Runs a shell in its place, which looks for it.
    package func trial() async -> VerifierFailure? {
        for argument in settings.command where argument.hasPrefix("/") && access(argument, F_OK) != 0 {
            return .couldNotStart("\(argument): \(String(cString: strerror(errno)))")
        }
        var trial = settings
        trial.command = ["sh", "-c", "command -v \"$0\" || exit 127"] + settings.command
        do throws(VerifierFailure) {
            switch try await sandbox.run(trial, input: []).outcome {
            case .exited(code: 0): return nil
            case .exited: return .couldNotStart("\(settings.command[0]): there is no such program")
            case .failed(let failure): return failure
            }
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
