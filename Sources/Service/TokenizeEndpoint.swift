import Engine
import HTTP
import JSON
import Language
import OpenAI

/// POST /tokenize, /detokenize and /apply-template: what becomes of a text before the model sees it.
struct TokenizeEndpoint: Sendable {
    let state: ServiceState

    func tokenize(_ request: Request, from caller: Caller) throws -> Response {
        let asked = try TokenizeRequest(try JSONValue(parsing: request.body))
        let model = try state.readyModel(named: asked.model)
        try caller.check(model: model.id)
        let vocabulary = model.tokenizer.vocabulary
        let tokens = try ids(asked, model).map { TokenPiece(id: $0, bytes: Array(vocabulary.bytes(of: $0))) }
        return Response(
            json: TokenPiece.list(tokens, asked.listing, contextLength: model.engine.contextLength))
    }

    private func ids(_ asked: TokenizeRequest, _ model: ServedModel) throws -> [Int32] {
        let ids =
            switch asked.text {
            case .plain(let text): model.tokenizer.encode(text, allowsSpecial: asked.allowsSpecial)
            case .chat(let chat): try PromptBuilder(model: model).prompt(for: chat)
            }
        return asked.addsBegin ? model.tokenizer.withBegin(ids) : ids
    }

    func detokenize(_ request: Request, from caller: Caller) throws -> Response {
        let asked = try DetokenizeRequest(try JSONValue(parsing: request.body))
        let model = try state.readyModel(named: asked.model)
        try caller.check(model: model.id)
        let known = 0..<Int32(clamping: model.tokenizer.vocabulary.count)
        if let index = asked.tokens.firstIndex(where: { !known.contains($0) }) {
            throw APIError.invalid(
                "tokens[\(index)]", "'tokens[\(index)]' must be below \(known.upperBound), got \(asked.tokens[index]).")
        }
        return Response(json: DetokenizeRequest.answer(model.tokenizer.decode(asked.tokens)))
    }

    /// Takes what POST /v1/chat/completions takes, and gives the prompt that it would make.
    func applyTemplate(_ request: Request, from caller: Caller) throws -> Response {
        let chat = try ChatCompletionRequest(try JSONValue(parsing: request.body))
        let model = try state.readyModel(named: chat.sampling.model)
        try caller.check(model: model.id)
        let text = try PromptBuilder(model: model).text(for: chat.prompt)
        return Response(json: ["prompt": .string(text.string)])
    }
}
