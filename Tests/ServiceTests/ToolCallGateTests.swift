import OpenAI
import Service
import Testing

struct ToolCallGateTests {
    /// What comes out of a gate when the text arrives in pieces of the given size.
    private func run(
        _ text: String, tools: [String] = ["get_weather", "add"], piece: Int = 1, limit: Int = 8
    ) -> (during: String, after: String, calls: [ToolCall]) {
        var gate = ToolCallGate(tools: tools, answerID: "a", limit: limit)
        var during = ""
        var rest = Substring(text)
        while !rest.isEmpty {
            during += gate.push(String(rest.prefix(piece)))
            rest = rest.dropFirst(piece)
        }
        let ending = gate.finish()
        return (during, ending.text, ending.calls)
    }

    @Test(arguments: [1, 2, 7, 100])
    func `a call comes out whole, with an id, its arguments as JSON text`(piece: Int) {
        let result = run(#"{"name": "get_weather", "parameters": {"city": "Paris"}}"#, piece: piece)
        #expect(result.during.isEmpty && result.after.isEmpty)
        #expect(result.calls == [ToolCall(id: "call_a_0", name: "get_weather", arguments: #"{"city":"Paris"}"#)])
    }

    @Test(arguments: ["The weather is fine.", "{1, 2}", #"{"colour": "red"}"#, "[1]", ""])
    func `other text passes as it comes`(text: String) {
        let result = run(text)
        #expect(result.during == text)
        #expect(result.calls.isEmpty)
    }

    @Test(arguments: [
        #"{"name": "unknown_tool", "parameters": {}}"#, #"{"name": "add", "parameters": {"a": 1}"#,
        #"{"name": "add", "parameters": {}, "extra": 1}"#, #"{"name": "add"}"#,
    ])
    func `what only looks like a call is text in the end`(text: String) {
        let result = run(text)
        #expect(result.during + result.after == text)
        #expect(result.calls.isEmpty)
    }

    @Test func `without tools a call is text`() {
        let text = #"{"name": "add", "parameters": {}}"#
        #expect(run(text, tools: []).during == text)
    }

    @Test func `no more calls pass than the client allows`() {
        let text = #"{"name": "add", "parameters": {"a": 1}}; {"name": "add", "parameters": {"a": 2}}"#
        #expect(run(text).calls.map(\.id) == ["call_a_0", "call_a_1"])
        #expect(run(text, limit: 1).calls.map(\.arguments) == [#"{"a":1}"#])
    }
}
