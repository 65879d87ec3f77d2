package import HTTP
import HTTPTypes
import JSON

/// A verifier that is a server: the candidate is posted to it as JSON, and it answers 200 with
/// `{"passed": true, "score": 0.5, "report": "why"}`.
package struct CallbackVerifier: Verifier {
    package let name: String
    private let timeout: Duration
    private let client: @Sendable () throws(ClientError) -> HTTPClient

    /// Longest answer, in bytes.
    private static let answerLimit = 64 << 10

    package init(name: String, settings: CallbackSettings) throws(ClientError) {
        // Known to be right before it is needed.
        _ = try HTTPClient(url: settings.url)
        self.init(name: name, timeout: settings.timeout) { () throws(ClientError) in
            try HTTPClient(url: settings.url)
        }
    }

    /// - Parameter client: makes one for each candidate, as each sends one request at a time.
    package init(
        name: String, timeout: Duration, client: @escaping @Sendable () throws(ClientError) -> HTTPClient
    ) {
        self.name = name
        self.timeout = timeout
        self.client = client
    }

    package func verify(_ candidate: Candidate) async -> Verdict {
        do {
            let client = try client()
            defer { Task { await client.disconnect() } }
            let answer = try await client.post("", candidate.json, limit: Self.answerLimit, timeout: timeout)
            guard answer.status == 200 else {
                return Verdict(
                    .exited(code: answer.status), report: String(decoding: answer.body.prefix(1000), as: UTF8.self))
            }
            guard let object = (try? JSONValue(parsing: answer.body))?.object else {
                return Verdict(.malformed("the body is no JSON object"))
            }
            return VerdictReader.verdict(passed: nil, object)
        } catch let error as ExchangeError {
            return Verdict(error.failure)
        } catch {
            return Verdict(Task.isCancelled ? .cancelled : .couldNotStart("\(error)"))
        }
    }
}
