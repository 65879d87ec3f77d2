/// Why a choice ended, in OpenAI's words.
package enum FinishReason: String, Sendable {
    case stop
    case length
    case toolCalls = "tool_calls"
}
