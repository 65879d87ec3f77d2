import Engine
import HTTP
import JSON
import Language
import OpenAI

/// The answer to one request for a response while its tokens come in.
struct ResponseAnswer: Sendable {
    let run: ChatRun
    let samples: SampleStreams
    /// In progress, without output.
    let response: ResponseObject
    /// Is told what became of it, before the client is; nil for one that is not stored.
    let ticket: ResponseDesk.Ticket?

    func whole() async throws -> Response {
        do {
            let (speeches, summary) = try await samples.read { _, stream in
                try await run.listen(to: &stream) { _ in }
            }
            let response = await stored(ended(speeches[0], summary))
            return Response(json: response.json, summary.serverTiming)
        } catch {
            _ = await stored(failed(APIError(error)))
            throw error
        }
    }

    /// A failure on the way becomes `response.failed`; the stream has no other end mark.
    func write(to writer: EventStreamWriter) async throws {
        let events = ResponseEvents()
        try await writer.send([events.response("created", response), events.response("in_progress", response)])
        do {
            let (speeches, summary) = try await samples.read { _, stream in
                try await write(&stream, events, to: writer)
            }
            let response = await stored(ended(speeches[0], summary))
            try await writer.send([events.response(response.status.rawValue, response)])
        } catch let error as APIError {
            try await writer.send([events.response("failed", await stored(failed(error)))])
        } catch {
            _ = await stored(failed(APIError(error)))
            throw error
        }
    }

    private func write(
        _ stream: inout TextStream, _ events: ResponseEvents, to writer: EventStreamWriter
    ) async throws -> Speech {
        var output = ResponseOutput(of: response, events: events)
        let speech = try await run.listen(to: &stream) { try await writer.send(output.take($0)) }
        try await writer.send(output.finish())
        return speech
    }

    private func ended(_ speech: Speech, _ summary: AnswerSummary) -> ResponseObject {
        var response = response
        response.status = speech.reason == .length ? .incomplete : .completed
        response.output = ResponseOutput.items(of: speech, in: response)
        response.usage = summary.usage
        return response
    }

    /// Says whether it is stored, as far as it was to be.
    private func stored(_ response: ResponseObject) async -> ResponseObject {
        var response = response
        response.isStored = await ticket?.end(response) ?? false
        return response
    }

    private func failed(_ error: APIError) -> ResponseObject {
        var response = response
        response.status = error.code == "request_cancelled" ? .cancelled : .failed
        response.error = response.status == .failed ? error : nil
        return response
    }
}

extension EventStreamWriter {
    fileprivate func send(_ events: [ResponseEvents.Event]) async throws {
        for event in events { try await self.event(event.json.serialized, type: event.type) }
    }
}
