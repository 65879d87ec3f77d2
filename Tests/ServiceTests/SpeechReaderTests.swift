import OpenAI
import Service
import Testing

struct SpeechReaderTests {
    /// What comes out of a reader when the text arrives in pieces of the given size.
    private func run(
        _ text: String, tools: [String] = ["get_weather", "add"], piece: Int = 1, limit: Int = 8,
        reason: FinishReason = .stop
    ) -> (pieces: [Speech.Piece], speech: Speech) {
        var reader = SpeechReader(tools: tools, answerID: "a", limit: limit)
        var pieces: [Speech.Piece] = []
        var rest = Substring(text)
        while !rest.isEmpty {
            pieces += reader.push(String(rest.prefix(piece)))
            rest = rest.dropFirst(piece)
        }
        pieces += reader.finish(reason)
        return (pieces, reader.speech)
    }

    @Test(arguments: [1, 2, 7, 100])
    func `a call comes with an id, its arguments as the model wrote them`(piece: Int) {
        let (pieces, speech) = run(#"{"name": "get_weather", "parameters": {"city": "Paris"}}"#, piece: piece)
        #expect(speech.calls == [ToolCall(id: "call_a_0", name: "get_weather", arguments: #"{"city": "Paris"}"#)])
        #expect(pieces.first == .call(ToolCall(id: "call_a_0", name: "get_weather", arguments: ""), number: 0))
        #expect(pieces.last == .end(isCut: false) && speech.text.isEmpty && speech.reason == .toolCalls)
        let arguments = pieces.compactMap { if case .arguments(let text, 0) = $0 { text } else { nil } }
        #expect(arguments.joined() == speech.calls.first?.arguments)
    }

    @Test(arguments: ["The weather is fine.", "{1, 2}", #"{"colour": "red"}"#, "[1]"])
    func `other text passes as it comes`(text: String) {
        let (pieces, speech) = run(text)
        #expect(speech.parts == [.text(text)] && speech.reason == .stop)
        #expect(pieces.count > 1)
    }

    @Test func `nothing said is no part`() {
        #expect(run("").speech.parts.isEmpty)
    }

    @Test func `without tools a call is text`() {
        let text = #"{"name": "add", "parameters": {}}"#
        #expect(run(text, tools: []).speech.parts == [.text(text)])
    }

    @Test func `no more calls pass than the client allows`() {
        let text = #"{"name": "add", "parameters": {"a": 1}}; {"name": "add", "parameters": {"a": 2}}"#
        #expect(run(text).speech.calls.map(\.id) == ["call_a_0", "call_a_1"])
        let (pieces, speech) = run(text, limit: 1)
        #expect(speech.calls.map(\.arguments) == [#"{"a": 1}"#])
        #expect(pieces.filter { if case .call = $0 { true } else { false } }.count == 1)
    }

    @Test func `a call that the limit of tokens cuts is one, with the limit as reason`() {
        let (pieces, speech) = run(#"{"name": "add", "parameters": {"a": 1"#, reason: .length)
        #expect(speech.calls.map(\.arguments) == [#"{"a": 1"#] && speech.reason == .length)
        #expect(pieces.last == .end(isCut: true))
        let whole = run(#"{"name": "add", "parameters": {"a": 1}"#, reason: .length)
        #expect(whole.speech.reason == .toolCalls && whole.pieces.last == .end(isCut: false))
    }

    @Test func `a call behind the last that is allowed may be cut`() {
        let text = #"{"name": "add", "parameters": {"a": 1}}; {"name": "add", "parameters": {"a"#
        #expect(run(text, reason: .length).speech.reason == .length)
        let (pieces, speech) = run(text, limit: 1, reason: .length)
        #expect(speech.reason == .toolCalls && pieces.last == .end(isCut: false))
    }

    @Test func `text behind calls comes behind them`() {
        let (_, speech) = run(#"{"name": "add", "parameters": {}} Done."#)
        #expect(speech.parts.count == 2 && speech.parts.last == .text(" Done.") && speech.reason == .toolCalls)
    }
}
