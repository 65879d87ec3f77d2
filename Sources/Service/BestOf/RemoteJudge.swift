package import HTTP
import HTTPTypes
import JSON
import OpenAI
import Verifiers

/// A model of another Drover, whose /v1/classify gives exact log-probabilities of labels.
package struct RemoteJudge: Judge {
    package let name: String
    private let url: String
    private let model: String?
    private let key: String?
    private let timeout: Duration

    /// Longest answer, in bytes.
    private static let answerLimit = 1 << 20

    /// - Parameters:
    ///   - url: with or without `/v1` at its end.
    ///   - model: nil for the one that it serves.
    ///   - key: its API key; nil where it asks for none.
    ///   - timeout: of one question.
    package init(name: String, url: String, model: String?, key: String?, timeout: Duration) throws(ClientError) {
        self.name = name
        self.url = url.hasSuffix("/v1") ? String(url.dropLast(3)) : url
        self.model = model
        self.key = key
        self.timeout = timeout
        // Known to be right before it is needed.
        _ = try HTTPClient(url: self.url)
    }

    /// One after the other, on one connection: the other server's batch is for its own clients.
    func logprobs(of labels: [String], behind questions: [String]) async throws -> (logprobs: [[Double]], usage: Usage)
    {
        let client = try HTTPClient(url: url)
        defer { Task { await client.disconnect() } }
        var logprobs: [[Double]] = []
        for question in questions {
            do {
                let answer = try await client.post(
                    "/v1/classify", body(labels, question), fields: fields, limit: Self.answerLimit, timeout: timeout)
                logprobs.append(try read(answer, count: labels.count))
            } catch let error as APIError {
                throw error
            } catch {
                try Task.checkCancellation()
                throw failure("\(error)")
            }
        }
        return (logprobs, .none)
    }

    private var fields: HTTPFields {
        var fields = HTTPFields()
        if let key { fields[.authorization] = "Bearer \(key)" }
        return fields
    }

    private func body(_ labels: [String], _ question: String) -> JSONValue {
        var body: JSONObject = [
            "messages": [["role": "user", "content": .string(question)]],
            "labels": .array(labels.map(JSONValue.string)), "include_end": true,
        ]
        body["model"] = model.map(JSONValue.string)
        return .object(body)
    }

    private func read(_ answer: (status: Int, body: [UInt8]), count: Int) throws(APIError) -> [Double] {
        let object = (try? JSONValue(parsing: answer.body))?.object
        guard answer.status == 200 else {
            let message = object?["error"]?.object?["message"]?.string
            throw failure("it answered \(answer.status)" + (message.map { ": \($0.prefix(300))" } ?? ""))
        }
        let numbers = object?["data"]?.array?.first?.object?["logprobs"]?.array?.compactMap(\.number) ?? []
        guard numbers.count == count else { throw failure("its answer has no log-probabilities of all labels") }
        return numbers
    }

    private func failure(_ why: String) -> APIError {
        APIError(
            status: 502, type: "server_error", message: "The judge '\(name)' cannot be asked: \(why).",
            code: "judge_failed")
    }
}
