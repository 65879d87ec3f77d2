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
    /// Is told what became of it.
    let keep: @Sendable (ResponseObject) -> Void

    func whole() async throws -> Response {
        do {
            let (outputs, summary) = try await samples.read { _, stream in
                output(of: try await run.listen(to: &stream) { _ in })
            }
            let response = ended(outputs[0], summary)
            keep(response)
            return Response(json: response.json, summary.serverTiming)
        } catch {
            keep(failed(APIError(error)))
            throw error
        }
    }

    /// A failure on the way becomes `response.failed`; the stream has no other end mark.
    func write(to writer: EventStreamWriter) async throws {
        let events = ResponseEvents()
        try await writer.send([events.response("created", response), events.response("in_progress", response)])
        do {
            let (outputs, summary) = try await samples.read { _, stream in
                try await write(&stream, events, to: writer)
            }
            let response = ended(outputs[0], summary)
            keep(response)
            try await writer.send([events.response(response.status.rawValue, response)])
        } catch let error as APIError {
            let response = failed(error)
            keep(response)
            try await writer.send([events.response("failed", response)])
        } catch {
            keep(failed(APIError(error)))
            throw error
        }
    }

    private struct Output: Sendable {
        let items: [ResponseObject.Item]
        let isCut: Bool
    }

    private func output(of speech: ChatRun.Speech) -> Output {
        let text = speech.text.isEmpty && !speech.calls.isEmpty ? [] : [message(speech.text)]
        let calls = speech.calls.enumerated().map { number, call in
            ResponseObject.Item.call(id: response.id.replacing("resp_", with: "fc_") + "_\(number)", call)
        }
        return Output(items: text + calls, isCut: speech.reason == .length)
    }

    private func message(_ text: String) -> ResponseObject.Item {
        .message(id: response.id.replacing("resp_", with: "msg_"), text: text)
    }

    private func write(
        _ stream: inout TextStream, _ events: ResponseEvents, to writer: EventStreamWriter
    ) async throws -> Output {
        var hasBegun = false
        let speech = try await run.listen(to: &stream) { text in
            let begin = hasBegun ? [] : events.begin(message(""), at: 0)
            hasBegun = true
            try await writer.send(begin + [events.delta(text, of: message(""), at: 0)])
        }
        let output = output(of: speech)
        for (index, item) in output.items.enumerated() {
            let isNew = index > 0 || !hasBegun
            var last = isNew ? events.begin(item, at: index) : []
            if case .call(_, let call) = item { last.append(events.delta(call.arguments, of: item, at: index)) }
            try await writer.send(last + events.end(item, at: index))
        }
        return output
    }

    private func ended(_ output: Output, _ summary: AnswerSummary) -> ResponseObject {
        var response = response
        response.status = output.isCut ? .incomplete : .completed
        response.output = output.items
        response.usage = summary.usage
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
