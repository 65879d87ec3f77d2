import Engine
import HTTP
import HTTPTypes
import JSON
import Jobs
import Language
import OpenAI

extension APIError {
    /// The only place where a failure becomes a status code and OpenAI's words.
    init(_ error: any Error) {
        switch error {
        case let error as APIError: self = error
        case let error as RequestError: self.init(status: error.status, reason: error.reason)
        case let error as MultipartError: self = .invalid(nil, "\(error)")
        case let error as StateError: self.init(error)
        case let error as EngineError: self.init(error)
        case let error as Quota.Refusal: self.init(error)
        case let error as JSONError: self = .invalid(nil, "The request body is not valid JSON: \(error).")
        case let error as TemplateError: self = .invalid("messages", error.message)
        // To a client that has shut down its side only: others are gone.
        case is CancellationError: self = .cancelled("The request was cancelled: its client has ended its side.")
        default: self = .internalError("Internal error.")
        }
    }

    private init(_ error: EngineError) {
        switch error {
        case .emptyPrompt: self = .invalid("prompt", "The prompt has no tokens.")
        case .promptTooLong(let prompt, let context):
            self = .contextLengthExceeded(limit: context, prompt: prompt, param: "prompt")
        case .tokenOutOfRange(let token, let vocabulary):
            self = .invalid("prompt", "Token \(token) is not in the vocabulary of \(vocabulary) tokens.")
        case .biasOutOfRange(let token, let vocabulary):
            let name = "logit_bias.\(token)"
            self = .invalid(name, "'\(name)' is not in the vocabulary of \(vocabulary) tokens.")
        case .maxTokensNegative(let count):
            self = .invalid("max_tokens", "'max_tokens' must be positive, got \(count).")
        // Clients do not heed a longer time than two minutes.
        case .queueFull(let limit, let wait):
            self = .rateLimited(
                "\(limit) requests are waiting already; try again later.", wait: min(wait, .seconds(120)))
        case .tenantQueueFull(let limit, let wait):
            self = .rateLimited(
                "\(limit) requests of this API key are waiting already; try again later.",
                wait: min(wait, .seconds(120)))
        case .exceedsPool(let needed, let available):
            self = .invalid(
                "max_tokens",
                "Prompt and answer need \(needed) blocks of K/V memory and the server has \(available); lower 'max_tokens'."
            )
        case .draining, .stopped:
            self = .unavailable("The server is shutting down.", code: "draining", retryAfterSeconds: 10)
        }
    }

    private init(_ error: StateError) {
        switch error {
        case .quota(let limit):
            self = APIError(
                status: 413, type: "invalid_request_error",
                message: "The files of this key may take \(limit) bytes; delete some first.",
                code: "storage_quota_exceeded"
            )
        case _ where error.isFull:
            self = APIError(
                status: 507, type: "server_error", message: "The server's disk is full.", code: "insufficient_storage")
        default: self = .internalError("The server's disk failed.", code: "storage_failed")
        }
    }

    init(_ refusal: Quota.Refusal) {
        switch refusal {
        case .concurrency(let limit, let wait):
            self = .rateLimited("This API key may have \(limit) requests at the same time.", wait: wait)
        case .requests(let limit, let wait):
            self = .rateLimited("This API key may send \(limit) requests a minute.", wait: wait)
        case .tokens(let limit, let wait):
            self = .rateLimited("This API key may use \(limit) tokens a minute.", wait: wait)
        case .day(let limit, let wait):
            self = .rateLimited("This API key may use \(limit) tokens a day.", wait: wait)
            (type, code) = ("insufficient_quota", "insufficient_quota")
        }
    }

    /// A failure that the HTTP layer found.
    init(status: HTTPResponse.Status, reason: String) {
        let type = status.code >= 500 ? "server_error" : "invalid_request_error"
        self.init(status: status.code, type: type, message: reason, code: Self.code(status))
    }

    private static func code(_ status: HTTPResponse.Status) -> String? {
        switch status {
        case .notFound: "not_found"
        case .methodNotAllowed: "method_not_allowed"
        case .contentTooLarge: "request_too_large"
        case .requestTimeout: "timeout"
        case .tooManyRequests: "rate_limit_exceeded"
        default: nil
        }
    }
}

extension Response {
    init(_ error: APIError, _ shape: ErrorShape = .openAI) {
        self.init(
            json: shape == .anthropic ? error.anthropicJSON : error.json,
            status: HTTPResponse.Status(code: error.status))
        if let seconds = error.retryAfterSeconds { fields[.retryAfter] = "\(seconds)" }
        if error.status == 401 { fields[.wwwAuthenticate] = "Bearer" }
        // OpenAI's clients try again within seconds, whatever the code, unless they are told not to.
        if error.code == "insufficient_quota", let retry = HTTPField.Name("x-should-retry") { fields[retry] = "false" }
    }

    init(json: JSONValue, status: HTTPResponse.Status = .ok) {
        self.init(status: status, contentType: "application/json", bytes: json.serialized)
    }

    init(json: JSONValue, _ timing: ServerTiming) {
        self.init(json: json)
        set(timing)
    }
}
