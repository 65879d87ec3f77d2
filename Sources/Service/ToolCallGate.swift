import JSON
import Language
package import OpenAI

/// Holds an answer's text back while it may still be a tool call; without tools it holds nothing.
package struct ToolCallGate {
    private let parser: ToolCallParser
    /// Part of the ids of the calls, so that they differ between answers and between choices.
    private let answerID: String
    private let limit: Int
    private var held = ""
    private var isText: Bool

    /// - Parameter limit: most calls to pass on; 1 when the client asked for no parallel calls.
    package init(tools: [String], answerID: String, limit: Int) {
        parser = ToolCallParser(tools: tools)
        self.answerID = answerID
        self.limit = limit
        isText = tools.isEmpty
    }

    /// The text that is certainly not a call.
    package mutating func push(_ text: String) -> String {
        guard !isText else { return text }
        held += text
        guard parser.prospect(of: held) == .text else { return "" }
        isText = true
        defer { held = "" }
        return held
    }

    /// The end of the answer: the calls that were held back, or the text that turned out to be none.
    package mutating func finish() -> (text: String, calls: [ToolCall]) {
        defer { held = "" }
        guard !isText, let calls = parser.calls(in: held) else { return (held, []) }
        return (
            "",
            calls.prefix(limit).enumerated().map { index, call in
                ToolCall(
                    id: "call_\(answerID)_\(index)", name: call.name,
                    arguments: String(decoding: JSONValue.object(call.arguments).serialized, as: UTF8.self))
            }
        )
    }
}
