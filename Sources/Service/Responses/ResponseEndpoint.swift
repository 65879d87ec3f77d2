import Engine
import Foundation
import HTTP
import HTTPTypes
import JSON
import Jobs
import Language
import OpenAI

/// POST /v1/responses, and what can be done with a response that is stored.
struct ResponseEndpoint: Sendable {
    let state: ServiceState
    let keepAlive: Duration

    func create(_ request: Request, from caller: Caller) async throws -> Response {
        let asked = try ResponseRequest(try JSONValue(parsing: request.body))
        let (model, history) = try await prepare(asked, caller)
        let (chat, prompt) = try prompt(of: asked, history, model)
        // Not made of the request's id, which clients choose: it must be nobody else's.
        let head = AnswerHead(
            id: RandomID.make("resp_"), created: UnixTime.now, model: model.id, fingerprint: model.fingerprint)
        let run = ChatRun(chat: chat, model: model, head: head, caller: caller)
        let response = ResponseObject(asked, head: head)
        let ticket = asked.isStored ? try state.responses.begin(response, to: asked, owner: caller.name) : nil
        let samples = try await run.start(request.head, from: "input", prompt: prompt, registry: state.requests)
        let answer = ResponseAnswer(run: run, samples: samples, response: response, ticket: ticket)
        guard asked.sampling.streams else { return try await answer.whole() }
        return .events { writer in
            try await writer.keepingAlive(every: keepAlive) { try await answer.write(to: writer) }
        }
    }

    /// How many tokens the input of a response would have.
    func countTokens(_ request: Request, from caller: Caller) async throws -> Response {
        let asked = try ResponseRequest(try JSONValue(parsing: request.body))
        let (model, history) = try await prepare(asked, caller)
        let prompt = try PromptBuilder(model: model).prompt(for: try asked.chat(history).prompt)
        return Response(json: ["object": "response.input_tokens", "input_tokens": .integer(Int64(prompt.count))])
    }

    func retrieve(_ request: Request, from caller: Caller) async throws -> Response {
        if let field = request.target.query.first(where: { $0.name == "stream" && $0.value != "false" }) {
            throw APIError.unsupported(field.name, "A response cannot be streamed a second time.")
        }
        return Response(try await stored(request, caller))
    }

    func delete(_ request: Request, from caller: Caller) async throws -> Response {
        let id = try await stored(request, caller).id
        try await state.responses.remove(id)
        return Response(json: ["id": .string(id), "object": "response", "deleted": true])
    }

    /// Ends one that is being generated.
    func cancel(_ request: Request, from caller: Caller) async throws -> Response {
        let response = try await stored(request, caller)
        guard state.responses.isRunning(response.id), state.requests.withdraw(response.id, for: caller) else {
            throw APIError.invalid(
                "id", "The response is not being generated any more: it is \(response.status).",
                code: "response_not_in_progress")
        }
        if let cancelled = state.responses.cancel(response.id) { return Response(cancelled) }
        // It has ended since then, by this.
        return Response(try await stored(request, caller))
    }

    func inputItems(_ request: Request, from caller: Caller) async throws -> Response {
        let query = try ListQuery(request.target.query, limit: 20, filters: ["include", "include[]"])
        let items = try JSONValue(stored: try await stored(request, caller).turn.input)
        return Response(json: query.page(of: items.array ?? []))
    }

    // MARK: Parts

    /// The model, and the conversation up to the answer.
    private func prepare(_ asked: ResponseRequest, _ caller: Caller) async throws -> (ServedModel, [ChatMessage]) {
        let model = try state.readyModel(named: asked.sampling.model)
        try caller.check(model: model.id)
        guard asked.sampling.n == 1 else { throw APIError.unsupported("n", "A response is one.") }
        var history: [ChatMessage] = []
        if let id = asked.previousID { history = try await conversation(endingWith: id, caller) }
        history += asked.messages
        try ChatMessage.checkToolAnswers(history, param: "input")
        return (model, history)
    }

    /// Without instructions, which are each response's own.
    private func conversation(endingWith id: String, _ caller: Caller) async throws -> [ChatMessage] {
        let param = "previous_response_id"
        _ = try await stored(id, param: param, caller)
        guard !state.responses.isRunning(id) else {
            throw APIError.invalid(param, "The response '\(id)' is still being generated.")
        }
        switch try await state.responses.conversation(endingWith: id) {
        case .whole(let turns):
            return try turns.flatMap { turn in
                try ResponseTurn(input: JSONValue(stored: turn.input), output: JSONValue(stored: turn.output)).messages
            }
        case .broken(let missing): throw Self.notFound(missing, param)
        case .tooLarge(let limit):
            throw APIError.invalid(
                param, "A conversation of more than \(limit) bytes cannot be continued; send what matters of it.",
                code: "conversation_too_large")
        }
    }

    /// The prompt of as many of the last messages as the model has room for, if the client wants that.
    private func prompt(
        of asked: ResponseRequest, _ history: [ChatMessage], _ model: ServedModel
    ) throws -> (ChatCompletionRequest, [Int32]) {
        let builder = PromptBuilder(model: model)
        let attempt = { (dropped: Int) throws -> (ChatCompletionRequest, [Int32]) in
            // A tool's answer makes no sense without its call.
            let chat = try asked.chat(Array(history.dropFirst(dropped).drop { dropped > 0 && $0.role == .tool }))
            return (chat, try builder.prompt(for: chat.prompt))
        }
        let room = model.engine.contextLength - min(asked.sampling.maxTokens ?? 256, model.engine.contextLength / 2)
        var found = try attempt(0)
        guard asked.truncates, found.1.count >= room else { return found }
        // The fewest to drop lies in low+1...high; fewer messages have fewer tokens.
        var (low, high) = (0, history.count - 1)
        while low + 1 < high {
            let middle = (low + high) / 2
            found = try attempt(middle)
            if found.1.count >= room { low = middle } else { high = middle }
        }
        return try attempt(high)
    }

    private func stored(_ request: Request, _ caller: Caller) async throws -> StoredResponse {
        try await stored(request.parameter ?? "", param: "id", caller)
    }

    /// What belongs to another key is as good as not there.
    private func stored(_ id: String, param: String, _ caller: Caller) async throws -> StoredResponse {
        guard let response = try await state.responses.response(id), caller.mayTouch(requestOf: response.owner) else {
            throw Self.notFound(id, param)
        }
        return response
    }

    private static func notFound(_ id: String, _ param: String) -> APIError {
        APIError(
            status: 404, type: "invalid_request_error",
            message: "No response with id '\(id.prefix(200))' is stored, or not any more.", param: param,
            code: param == "id" ? "response_not_found" : "previous_response_not_found")
    }
}

extension Response {
    fileprivate init(_ response: StoredResponse) {
        self.init(status: .ok, contentType: "application/json", bytes: [UInt8](response.body))
    }
}

extension JSONValue {
    /// Of JSON that this server wrote: its clients' values, with a few more around them.
    fileprivate init(stored: Data) throws(APIError) {
        do throws(JSONError) {
            try self.init(parsing: [UInt8](stored), limits: JSONLimits(depth: 160, nodes: 100_000_000))
        } catch {
            throw .internalError("What is stored of the response cannot be read: \(error).", code: "storage_failed")
        }
    }
}
