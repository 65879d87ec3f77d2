import OpenAI

/// The items of a response, and the events that tell of them while they are said.
struct ResponseOutput {
    /// Of the response.
    private let id: String
    private let events: ResponseEvents
    private var speech = Speech()

    init(of response: ResponseObject, events: ResponseEvents) {
        id = response.id
        self.events = events
    }

    /// All that was said; a message without text if that was nothing.
    static func items(of speech: Speech, in response: ResponseObject) -> [ResponseObject.Item] {
        let parts = speech.parts.isEmpty ? [.text("")] : speech.parts
        return parts.enumerated().map { index, part in
            item(part, index, of: response.id, isCut: speech.isCallCut && index == parts.count - 1)
        }
    }

    private static func item(
        _ part: Speech.Part, _ index: Int, of id: String, isCut: Bool = false
    ) -> ResponseObject.Item {
        switch part {
        case .text(let text): .message(id: id.replacing("resp_", with: "msg_"), text: text)
        case .call(let call): .call(id: id.replacing("resp_", with: "fc_") + "_\(index)", call, isCut: isCut)
        }
    }

    mutating func take(_ piece: Speech.Piece) -> [ResponseEvents.Event] {
        let count = speech.parts.count
        speech.append(piece)
        let index = speech.parts.count - 1
        switch piece {
        case .text(let text):
            let item = Self.item(.text(""), index, of: id)
            return (speech.parts.count > count ? events.begin(item, at: index) : [])
                + [events.delta(text, of: item, at: index)]
        case .call(let call, _): return events.begin(Self.item(.call(call), index, of: id), at: index)
        case .arguments(let text, _): return [events.delta(text, of: last(), at: index)]
        case .end(let isCut): return events.end(last(isCut: isCut), at: index)
        }
    }

    /// Behind the last piece: a text has no end of its own.
    func finish() -> [ResponseEvents.Event] {
        switch speech.parts.last {
        case .call: []
        case .text: events.end(last(), at: speech.parts.count - 1)
        case nil: events.begin(last(), at: 0) + events.end(last(), at: 0)
        }
    }

    private func last(isCut: Bool = false) -> ResponseObject.Item {
        Self.item(speech.parts.last ?? .text(""), max(0, speech.parts.count - 1), of: id, isCut: isCut)
    }
}
