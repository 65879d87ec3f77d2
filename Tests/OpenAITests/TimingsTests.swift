import JSON
import OpenAI
import Testing

struct TimingsTests {
    @Test func `has llama-server's fields`() {
        let timings = Timings(
            cachedTokens: 64, promptTokens: 36, promptTime: .milliseconds(72), predictedTokens: 11, timedTokens: 10,
            predictedTime: .milliseconds(250), draftTokens: 8, acceptedTokens: 5)
        #expect(
            timings.json == [
                "cache_n": 64, "prompt_n": 36, "prompt_ms": 72.0, "prompt_per_token_ms": 2.0,
                "prompt_per_second": 500.0,
                "predicted_n": 11, "predicted_ms": 250.0, "predicted_per_token_ms": 25.0, "predicted_per_second": 40.0,
                "draft_n": 8, "draft_n_accepted": 5,
            ])
    }

    @Test func `what was not timed is 0, and guesses are told where there were some`() {
        let timings = Timings(
            cachedTokens: 0, promptTokens: 0, promptTime: .zero, predictedTokens: 1, timedTokens: 0,
            predictedTime: .zero)
        let object = timings.json.object
        #expect(object?["predicted_per_second"] == 0.0 && object?["prompt_per_token_ms"] == 0.0)
        #expect(object?["draft_n"] == nil)
    }

    @Test func `progress has llama-server's fields`() {
        let progress = PromptProgress(total: 100, cached: 64, processed: 80, time: .microseconds(12_900))
        #expect(progress.json == ["total": 100, "cache": 64, "processed": 80, "time_ms": 12])
    }
}
