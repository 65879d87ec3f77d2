package import JSON
import Synchronization

/// Makes the events of one streamed response, each with the next number, for one task after another.
package final class ResponseEvents: Sendable {
    package struct Event: Sendable {
        package let type: String
        package let json: JSONValue
    }

    private let number = Atomic<Int64>(0)

    package init() {}

    /// About the response as a whole: `created`, `in_progress`, `completed`, `incomplete` or `failed`.
    package func response(_ word: String, _ response: ResponseObject) -> Event {
        event("response.\(word)", ["response": response.json])
    }

    /// What comes before the first piece of an item.
    package func begin(_ item: ResponseObject.Item, at index: Int) -> [Event] {
        var events = [
            event(
                "response.output_item.added",
                ["output_index": .integer(Int64(index)), "item": item.json(isWhole: false)])
        ]
        if case .message = item {
            events.append(
                event("response.content_part.added", place(item, index, ["part": ResponseObject.Item.part("")])))
        }
        return events
    }

    /// A piece of an item: of the text of a message, or of the arguments of a call.
    package func delta(_ text: String, of item: ResponseObject.Item, at index: Int) -> Event {
        switch item {
        case .message:
            event("response.output_text.delta", place(item, index, ["delta": .string(text), "logprobs": []]))
        case .call:
            event("response.function_call_arguments.delta", place(item, index, ["delta": .string(text)]))
        }
    }

    /// What comes behind the last piece of an item, which is whole now.
    package func end(_ item: ResponseObject.Item, at index: Int) -> [Event] {
        var events: [Event] = []
        switch item {
        case .message(_, let text):
            events.append(
                event("response.output_text.done", place(item, index, ["text": .string(text), "logprobs": []])))
            events.append(
                event("response.content_part.done", place(item, index, ["part": ResponseObject.Item.part(text)])))
        case .call(_, let call, _):
            events.append(
                event(
                    "response.function_call_arguments.done",
                    place(item, index, ["name": .string(call.name), "arguments": .string(call.arguments)])))
        }
        events.append(
            event(
                "response.output_item.done", ["output_index": .integer(Int64(index)), "item": item.json(isWhole: true)])
        )
        return events
    }

    private func place(_ item: ResponseObject.Item, _ index: Int, _ more: JSONObject) -> JSONObject {
        var fields: JSONObject = ["item_id": .string(item.id), "output_index": .integer(Int64(index))]
        if case .message = item { fields["content_index"] = 0 }
        for member in more.members { fields[member.name] = member.value }
        return fields
    }

    private func event(_ type: String, _ fields: JSONObject) -> Event {
        var object: JSONObject = [
            "type": .string(type),
            "sequence_number": .integer(number.wrappingAdd(1, ordering: .relaxed).oldValue),
        ]
        for member in fields.members { object[member.name] = member.value }
        return Event(type: type, json: .object(object))
    }
}
