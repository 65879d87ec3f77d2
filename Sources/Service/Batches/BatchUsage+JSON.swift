import JSON
import Jobs

extension BatchUsage {
    /// What the answer to a line says it has used, in the words of chat and completions or in those of responses.
    init(ofAnswer body: JSONValue) {
        let usage = body.object?["usage"]?.object ?? JSONObject()
        let input = usage["input_tokens"] ?? usage["prompt_tokens"]
        let output = usage["output_tokens"] ?? usage["completion_tokens"]
        let read = usage["input_tokens_details"] ?? usage["prompt_tokens_details"]
        let written = usage["output_tokens_details"] ?? usage["completion_tokens_details"]
        self.init(
            input: Self.count(input), cached: Self.count(read?.object?["cached_tokens"]), output: Self.count(output),
            reasoning: Self.count(written?.object?["reasoning_tokens"]))
    }

    /// Also of a foreign server: whatever it says, sums of it stay in their range.
    private static func count(_ value: JSONValue?) -> Int {
        guard case .integer(let count) = value else { return 0 }
        return Int(max(0, min(count, Int64(UInt32.max))))
    }

    /// OpenAI's.
    var json: JSONValue {
        [
            "input_tokens": .integer(Int64(input)),
            "input_tokens_details": ["cached_tokens": .integer(Int64(cached))],
            "output_tokens": .integer(Int64(output)),
            "output_tokens_details": ["reasoning_tokens": .integer(Int64(reasoning))],
            "total_tokens": .integer(Int64(input + output)),
        ]
    }
}
