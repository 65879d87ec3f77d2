package import JSON

/// One event of a streamed message.
package enum MessageEvent: Sendable {
    case start(MessageObject)
    case ping
    case blockStart(MessageObject.Block, index: Int)
    /// Of the text of a block, or of its input.
    case delta(String, of: MessageObject.Block, index: Int)
    case blockStop(index: Int)
    case end(MessageObject.Ending, Usage)
    case stop
    case error(APIError)

    /// The line before the data, which the official client goes by.
    package var type: String {
        switch self {
        case .start: "message_start"
        case .ping: "ping"
        case .blockStart: "content_block_start"
        case .delta: "content_block_delta"
        case .blockStop: "content_block_stop"
        case .end: "message_delta"
        case .stop: "message_stop"
        case .error: "error"
        }
    }

    package var json: JSONValue {
        if case .error(let error) = self { return error.anthropicJSON }
        var object: JSONObject = ["type": .string(type)]
        switch self {
        case .start(let message): object["message"] = message.json
        case .blockStart(let block, let index):
            object["index"] = .integer(Int64(index))
            object["content_block"] = block.start
        case .delta(let text, let block, let index):
            object["index"] = .integer(Int64(index))
            switch block {
            case .text: object["delta"] = ["type": "text_delta", "text": .string(text)]
            case .call: object["delta"] = ["type": "input_json_delta", "partial_json": .string(text)]
            }
        case .blockStop(let index): object["index"] = .integer(Int64(index))
        case .end(let ending, let usage):
            object["delta"] = .object(ending.members)
            object["usage"] = MessageObject.json(usage)
        case .ping, .stop, .error: break
        }
        return .object(object)
    }
}
