import HTTP
import JSON
import Testing
import Transport
import Verifiers

/// A server in memory that says what the test tells it to.
struct CallbackVerifierTests {
    /// - Parameter answer: the bytes of the whole response; nil for a server that does not answer.
    private func verdict(_ answer: String?, timeout: Duration = .seconds(60)) async -> Verdict {
        let (near, far) = MemoryStream.pair()
        let server = Task {
            let asked = try await far.read(deadline: nil)
            if let answer { try await far.write(Array(answer.utf8)) }
            return String(decoding: asked, as: UTF8.self)
        }
        let verifier = CallbackVerifier(name: "test", timeout: timeout) { HTTPClient(authority: "test") { near } }
        let verdict = await verifier.verify(Candidate(completion: "right", reference: 7))
        let asked = try? await server.value
        #expect(asked?.contains("Content-Type: application/json") == true)
        return verdict
    }

    private func response(_ body: String, status: String = "200 OK") -> String {
        "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test func `its word is the verdict`() async {
        let verdict = await verdict(response(#"{"passed": true, "score": 0.75, "report": "nearly"}"#))
        #expect(verdict == Verdict(passed: true, score: 0.75, report: "nearly"))
    }

    @Test(arguments: [
        (#"{"score": 1}"#, "200 OK", "malformed"), (#"{"passed": true, "score": 2}"#, "200 OK", "malformed"),
        ("yes", "200 OK", "malformed"), ("{}", "503 Busy", "exited"),
        (String(repeating: " ", count: 70_000), "200 OK", "output"),
    ])
    func `an answer that is none is named`(body: String, status: String, failure: String) async {
        #expect(await verdict(response(body, status: status)).failure?.name == failure)
    }

    @Test func `silence has an end`() async {
        #expect(await verdict(nil, timeout: .milliseconds(50)).failure == .timedOut)
    }

    @Test func `nobody there is no verdict`() async throws {
        // Port 1 of this machine is nobody's.
        let verifier = try CallbackVerifier(name: "test", settings: CallbackSettings(url: "http://127.0.0.1:1/check"))
        #expect(await verifier.verify(Candidate(completion: "")).failure?.name == "could_not_start")
    }
}
