import Engine
import HTTP
import JSON
import Language
import OpenAI

/// The answer to one request for a message while its tokens come in.
struct MessageAnswer: Sendable {
    let run: ChatRun
    let samples: SampleStreams

    private struct Output: Sendable {
        let blocks: [MessageObject.Block]
        let ending: MessageObject.Ending
    }

    func whole() async throws -> Response {
        let (outputs, summary) = try await samples.read { _, stream in
            output(of: try await run.listen(to: &stream) { _ in }, stream)
        }
        let message = MessageObject(
            head: run.head, content: outputs[0].blocks, ending: outputs[0].ending, usage: summary.usage)
        return Response(json: message.json, summary.serverTiming)
    }

    /// Start, each block with its pieces, the ending with usage, stop. A failure on the way becomes an error event.
    func write(to writer: EventStreamWriter) async throws {
        do {
            let usage = Usage(promptTokens: samples.promptTokens, completionTokens: 0)
            try await writer.send([
                .start(MessageObject(head: run.head, content: [], ending: nil, usage: usage)), .ping,
            ])
            let (endings, summary) = try await samples.read { _, stream in try await write(&stream, to: writer) }
            try await writer.send([.end(endings[0], summary.usage), .stop])
        } catch let error as APIError {
            try await writer.send([.error(error)])
        }
    }

    private func output(of speech: Speech, _ stream: TextStream) -> Output {
        let blocks = speech.parts.map { part -> MessageObject.Block in
            switch part {
            case .text(let text): .text(text)
            case .call(let call): .call(call)
            }
        }
        return Output(blocks: blocks, ending: MessageObject.Ending(speech.reason, stop: stream.stop))
    }

    private func write(
        _ stream: inout TextStream, to writer: EventStreamWriter
    ) async throws -> MessageObject.Ending {
        var blocks = MessageBlockEvents()
        let speech = try await run.listen(to: &stream) { try await writer.send(blocks.take($0)) }
        try await writer.send(blocks.stop())
        return MessageObject.Ending(speech.reason, stop: stream.stop)
    }
}

extension EventStreamWriter {
    fileprivate func send(_ events: [MessageEvent]) async throws {
        for event in events { try await self.event(event.json.serialized, type: event.type) }
    }
}
