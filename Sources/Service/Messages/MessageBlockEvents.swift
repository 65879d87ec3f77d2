import OpenAI

/// The events that tell of a message's blocks while they are said.
struct MessageBlockEvents {
    private var open: MessageObject.Block?
    /// Of the last block that has begun.
    private var index = -1

    mutating func take(_ piece: Speech.Piece) -> [MessageEvent] {
        switch piece {
        case .text(let text): (open == nil ? start(.text("")) : []) + delta(text)
        case .call(let call, _): start(.call(call))
        case .arguments(let text, _): delta(text)
        case .end: stop()
        }
    }

    /// The end of the block that is open, if one is.
    mutating func stop() -> [MessageEvent] {
        defer { open = nil }
        return open == nil ? [] : [.blockStop(index: index)]
    }

    private mutating func start(_ block: MessageObject.Block) -> [MessageEvent] {
        open = block
        index += 1
        return [.blockStart(block, index: index)]
    }

    private func delta(_ text: String) -> [MessageEvent] { open.map { [.delta(text, of: $0, index: index)] } ?? [] }
}
