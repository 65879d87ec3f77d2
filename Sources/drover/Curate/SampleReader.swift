import Curation
import JSON

/// What a chat completion brought: answers, the log-probabilities of each, and what it cost.
struct SampleReader {
    let samples: [Sample]
    /// Of each answer its tokens' items; empty where none were asked for.
    let traces: [[JSONValue]]
    let promptTokens: Int
    let completionTokens: Int
    let fingerprint: String?
    let model: String?

    /// - Parameter server: for messages.
    init(_ answer: JSONObject, server: String) throws {
        guard let choices = answer["choices"]?.array, !choices.isEmpty else {
            throw ModelServerError(server: server, problem: "its answer has no choices")
        }
        // OpenAI's order is that of `index`; some servers list what ended first.
        let sorted = choices.compactMap(\.object).sorted { ($0["index"]?.integer ?? 0) < ($1["index"]?.integer ?? 0) }
        traces = sorted.map { $0["logprobs"]?.object?["content"]?.array ?? [] }
        samples = zip(sorted, traces).map(Self.sample)
        let usage = answer["usage"]?.object
        promptTokens = Int(clamping: usage?["prompt_tokens"]?.integer ?? 0)
        completionTokens = Int(clamping: usage?["completion_tokens"]?.integer ?? 0)
        fingerprint = answer["system_fingerprint"]?.string
        model = answer["model"]?.string
    }

    private static func sample(_ choice: JSONObject, _ trace: [JSONValue]) -> Sample {
        let message = choice["message"]?.object ?? [:]
        let calls = (message["tool_calls"]?.array ?? []).enumerated().map { index, call -> JSONValue in
            // A server's ids are new in every answer; a set has the same bytes each time.
            var object = call.object ?? [:]
            object["id"] = .string("call_\(index)")
            return .object(object)
        }
        let logprobs = trace.compactMap { $0.object?["logprob"]?.number }
        return Sample(
            text: message["content"]?.string ?? "", toolCalls: calls,
            finishReason: choice["finish_reason"]?.string ?? "stop",
            meanLogprob: logprobs.isEmpty ? nil : logprobs.reduce(0, +) / Double(logprobs.count),
            tokens: trace.isEmpty ? nil : trace.count)
    }
}
