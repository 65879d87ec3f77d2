import Language
package import OpenAI

/// Makes speech of the text of an answer: finds calls of tools while it is written.
package struct SpeechReader {
    private var parser: ToolCallParser
    /// Part of the ids of the calls, so that they differ between answers and between choices.
    private let answerID: String
    private let limit: Int
    private var calls = 0
    private var isCut = false
    /// What has come so far; at the end all of it.
    package private(set) var speech = Speech()

    /// - Parameter limit: most calls to pass on; 1 when the client asked for no parallel calls.
    package init(tools: [String], answerID: String, limit: Int) {
        parser = ToolCallParser(tools: tools)
        self.answerID = answerID
        self.limit = limit
    }

    /// What the next piece of text makes certain.
    package mutating func push(_ text: String) -> [Speech.Piece] { take(parser.push(text)) }

    /// What is left at the end of the text.
    ///
    /// - Parameter reason: why it ended. With calls it is `toolCalls`, unless the last one was cut.
    package mutating func finish(_ reason: FinishReason) -> [Speech.Piece] {
        let events = parser.finish()
        // A call that is not passed on is no part of the answer, cut or not.
        isCut = parser.isOpen && reason == .length && calls <= limit
        let pieces = take(events)
        speech.reason = speech.calls.isEmpty || isCut ? reason : .toolCalls
        return pieces
    }

    /// What a delta makes certain, the last one included.
    mutating func push(_ delta: TextDelta) -> [Speech.Piece] {
        let pieces = push(delta.text)
        return delta.finishReason.map { pieces + finish($0) } ?? pieces
    }

    private mutating func take(_ events: [ToolCallParser.Event]) -> [Speech.Piece] {
        let pieces = events.compactMap { piece($0) }
        for piece in pieces { speech.append(piece) }
        return pieces
    }

    private mutating func piece(_ event: ToolCallParser.Event) -> Speech.Piece? {
        switch event {
        case .text(let text): return .text(text)
        case .call(let name):
            calls += 1
            let call = ToolCall(id: "call_\(answerID)_\(calls - 1)", name: name, arguments: "")
            return calls > limit ? nil : .call(call, number: calls - 1)
        case .arguments(let text): return calls > limit ? nil : .arguments(text, number: calls - 1)
        case .end: return calls > limit ? nil : .end(isCut: isCut)
        }
    }
}
