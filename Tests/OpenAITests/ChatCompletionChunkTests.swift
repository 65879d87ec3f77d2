import JSON
import OpenAI
import Testing

struct ChatCompletionChunkTests {
    private let head = AnswerHead(id: "chatcmpl-1", created: 7, model: "m", fingerprint: "fp_1")

    private func text(_ chunk: ChatCompletionChunk, withUsage: Bool = false) -> String {
        String(decoding: chunk.json(head, withUsage: withUsage).serialized, as: UTF8.self)
    }

    private let prefix =
        #"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,"model":"m","system_fingerprint":"fp_1","#

    @Test func `has the shape that the official client reads`() {
        #expect(
            text(.role) == prefix
                + #""choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"#
                + #""logprobs":null,"finish_reason":null}]}"#)
        #expect(
            text(.content("a\n")) == prefix
                + #""choices":[{"index":0,"delta":{"content":"a\n"},"logprobs":null,"finish_reason":null}]}"#)
        #expect(
            text(.finish(.length)) == prefix
                + #""choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"length"}]}"#)
    }

    @Test func `progress is an event without text`() {
        let chunk = text(.progress(PromptProgress(total: 9, cached: 2, processed: 5, time: .zero)))
        #expect(chunk.contains(#""choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":null}]"#))
        #expect(chunk.hasSuffix(#""prompt_progress":{"total":9,"cache":2,"processed":5,"time_ms":0}}"#))
    }

    @Test func `names the choice it is about`() {
        let chunk = ChatCompletionChunk.content("a").json(head, index: 3, withUsage: false)
        #expect(chunk.object?["choices"]?.array?.first?.object?["index"] == 3)
    }

    @Test func `usage is null in every chunk but the last, and only when asked for`() {
        #expect(!text(.content("a")).contains("usage"))
        #expect(text(.content("a"), withUsage: true).hasSuffix(#""usage":null}"#))
        let last = text(.usage(Usage(promptTokens: 3, completionTokens: 4)), withUsage: true)
        #expect(last.contains(#""choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,"#))
    }
}
