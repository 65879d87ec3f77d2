import HTTP
import HTTPTypes
import JSON

/// The chat endpoint of any OpenAI-compatible server.
struct RemoteModel: Sendable {
    private let client: HTTPClient
    private let name: String?
    private let key: String?

    /// What one streamed answer reported at its end; zero where the server did not say.
    struct Usage: Sendable {
        var promptTokens = 0
        var cachedTokens = 0
        var completionTokens = 0
    }

    /// - Parameter url: with or without the trailing `/v1`.
    init(url: String, name: String?, key: String?) throws {
        client = try HTTPClient(url: url.hasSuffix("/v1") ? String(url.dropLast(3)) : url)
        self.name = name
        self.key = key
    }

    /// Streams an answer; `onText` gets each piece of content as it arrives.
    func stream(
        messages: [JSONValue], parameters: JSONObject, onText: @Sendable (String) throws -> Void
    ) async throws -> Usage {
        var reader = AnswerReader()
        try await client.send(
            .post, "/v1/chat/completions", fields: fields, body: body(messages, parameters),
            onHead: { reader.status = $0.status },
            onBody: { for text in try reader.take($0) { try onText(text) } })
        return try reader.finish()
    }

    func disconnect() async { await client.disconnect() }

    private var fields: HTTPFields {
        var fields: HTTPFields = [.contentType: "application/json"]
        if let key { fields[.authorization] = "Bearer \(key)" }
        return fields
    }

    private func body(_ messages: [JSONValue], _ parameters: JSONObject) -> [UInt8] {
        var body: JSONObject = [
            "messages": .array(messages), "stream": true, "stream_options": ["include_usage": true],
        ]
        if let name { body["model"] = .string(name) }
        for member in parameters.members { body[member.name] = member.value }
        return JSONValue.object(body).serialized
    }
}

/// Reads one answer: a stream of chunks, or an error object.
private struct AnswerReader {
    var status = HTTPResponse.Status.ok
    private var events = EventStreamParser()
    private var refusal: [UInt8] = []
    private var usage = RemoteModel.Usage()

    mutating func take(_ bytes: [UInt8]) throws -> [String] {
        guard status == .ok else {
            refusal += bytes
            return []
        }
        return try events.push(bytes).compactMap { try text(of: $0) }
    }

    func finish() throws -> RemoteModel.Usage {
        guard status == .ok else { throw RemoteError.refused(status: status.code, message: Self.message(refusal)) }
        return usage
    }

    private mutating func text(of event: [UInt8]) throws -> String? {
        guard !event.elementsEqual("[DONE]".utf8) else { return nil }
        let chunk = try JSONValue(parsing: event).object ?? [:]
        if chunk["error"]?.object != nil { throw RemoteError.failed(message: Self.message(event)) }
        if let counts = chunk["usage"]?.object {
            usage.promptTokens = Int(counts["prompt_tokens"]?.integer ?? 0)
            let details = counts["prompt_tokens_details"]?.object
            usage.cachedTokens = Int(details?["cached_tokens"]?.integer ?? 0)
            usage.completionTokens = Int(counts["completion_tokens"]?.integer ?? 0)
        }
        return chunk["choices"]?.array?.first?.object?["delta"]?.object?["content"]?.string
    }

    private static func message(_ body: [UInt8]) -> String {
        let error = (try? JSONValue(parsing: body))?.object?["error"]
        return error?.object?["message"]?.string ?? String(decoding: body.prefix(300), as: UTF8.self)
    }
}

enum RemoteError: Error, CustomStringConvertible {
    case refused(status: Int, message: String)
    case failed(message: String)

    var description: String {
        switch self {
        case .refused(let status, let message): "the server answered \(status): \(message)"
        case .failed(let message): "the server failed in the middle of its answer: \(message)"
        }
    }
}
