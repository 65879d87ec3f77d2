import Engine
import HTTP
import JSON
import Language
import OpenAI

/// POST /v1/responses, and what can be done with a response that is stored.
struct ResponseEndpoint: Sendable {
    let state: ServiceState
    let keepAlive: Duration

    func create(_ request: Request, from caller: Caller) async throws -> Response {
        let asked = try ResponseRequest(try JSONValue(parsing: request.body))
        let (model, history) = try prepare(asked, caller)
        let (chat, prompt) = try prompt(of: asked, history, model)
        let head = AnswerHead(
            id: Self.newID(), created: UnixTime.now, model: model.id, fingerprint: model.fingerprint)
        let run = ChatRun(chat: chat, model: model, head: head, caller: caller)
        let response = ResponseObject(asked, head: head)
        let samples = try await run.start(request.head, from: "input", prompt: prompt, registry: state.requests)
        if asked.isStored {
            state.responses.put(
                ResponseStore.Entry(
                    response: response, owner: caller.name, inputItems: asked.inputItems, messages: history))
        }
        let answer = ResponseAnswer(run: run, samples: samples, response: response) { [responses = state.responses] in
            responses.update($0)
        }
        guard asked.sampling.streams else { return try await answer.whole() }
        return .events { writer in
            try await writer.keepingAlive(every: keepAlive) { try await answer.write(to: writer) }
        }
    }

    /// How many tokens the input of a response would have.
    func countTokens(_ request: Request, from caller: Caller) throws -> Response {
        let asked = try ResponseRequest(try JSONValue(parsing: request.body))
        let (model, history) = try prepare(asked, caller)
        let prompt = try PromptBuilder(model: model).prompt(for: try asked.chat(history).prompt)
        return Response(json: ["object": "response.input_tokens", "input_tokens": .integer(Int64(prompt.count))])
    }

    func retrieve(_ request: Request, from caller: Caller) throws -> Response {
        if let field = request.target.query.first(where: { $0.name == "stream" && $0.value != "false" }) {
            throw APIError.unsupported(field.name, "A response cannot be streamed a second time.")
        }
        return Response(json: try entry(request, caller).response.json)
    }

    func delete(_ request: Request, from caller: Caller) throws -> Response {
        let id = try entry(request, caller).response.id
        state.responses.remove(id)
        return Response(json: ["id": .string(id), "object": "response", "deleted": true])
    }

    /// Ends one that is being generated.
    func cancel(_ request: Request, from caller: Caller) throws -> Response {
        var response = try entry(request, caller).response
        guard response.status == .inProgress, state.requests.withdraw(response.id, for: caller) else {
            throw APIError.invalid(
                "id", "The response is not being generated any more: it is \(response.status.rawValue).",
                code: "response_not_in_progress")
        }
        response.status = .cancelled
        state.responses.update(response)
        return Response(json: response.json)
    }

    func inputItems(_ request: Request, from caller: Caller) throws -> Response {
        let query = try ListQuery(request.target.query, limit: 20, filters: ["include", "include[]"])
        return Response(json: query.page(of: try entry(request, caller).inputItems))
    }

    // MARK: Parts

    /// The model, and the conversation up to the answer.
    private func prepare(
        _ asked: ResponseRequest, _ caller: Caller
    ) throws(APIError) -> (ServedModel, [ChatMessage]) {
        let model = try state.readyModel(named: asked.sampling.model)
        try caller.check(model: model.id)
        guard asked.sampling.n == 1 else { throw .unsupported("n", "A response is one.") }
        var history: [ChatMessage] = []
        if let id = asked.previousID {
            let entry = try entry(id, param: "previous_response_id", caller)
            guard entry.response.status != .inProgress else {
                throw .invalid("previous_response_id", "The response '\(id)' is still being generated.")
            }
            history = entry.messages + [entry.response.message]
        }
        history += asked.messages
        try ChatMessage.checkToolAnswers(history, param: "input")
        return (model, history)
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

    private func entry(_ request: Request, _ caller: Caller) throws(APIError) -> ResponseStore.Entry {
        try entry(request.parameter ?? "", param: "id", caller)
    }

    /// What belongs to another key is as good as not there.
    private func entry(_ id: String, param: String, _ caller: Caller) throws(APIError) -> ResponseStore.Entry {
        guard let entry = state.responses.entry(id), caller.mayTouch(requestOf: entry.owner) else {
            throw Self.notFound(id, param)
        }
        return entry
    }

    /// Not made of the request's id, which clients choose: it must be nobody else's.
    private static func newID() -> String {
        "resp_" + (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }.joined()
    }

    private static func notFound(_ id: String, _ param: String) -> APIError {
        APIError(
            status: 404, type: "invalid_request_error",
            message: "No response with id '\(id.prefix(200))' is stored, or not any more.", param: param,
            code: param == "id" ? "response_not_found" : "previous_response_not_found")
    }
}
