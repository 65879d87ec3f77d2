package import JSON

/// A refusal in OpenAI's words. The official clients choose their exception class by the status and show `message`.
package struct APIError: Error, Equatable, Sendable {
    /// HTTP status.
    package var status: Int
    package var type: String
    package var message: String
    /// The request field at fault, with its path: `messages[2].content`.
    package var param: String?
    package var code: String?
    /// Seconds after which another try makes sense; becomes `Retry-After`.
    package var retryAfterSeconds: Int?
    /// More members of the error object, such as `n_ctx`.
    package var details: JSONObject

    package init(
        status: Int, type: String, message: String, param: String? = nil, code: String? = nil,
        retryAfterSeconds: Int? = nil, details: JSONObject = JSONObject()
    ) {
        self.status = status
        self.type = type
        self.message = message
        self.param = param
        self.code = code
        self.retryAfterSeconds = retryAfterSeconds
        self.details = details
    }

    /// The body of the answer, and the data of a mid-stream error event.
    package var json: JSONValue {
        var error: JSONObject = [
            "message": .string(message), "type": .string(type),
            "param": param.map(JSONValue.string) ?? .null, "code": code.map(JSONValue.string) ?? .null,
        ]
        for member in details.members { error[member.name] = member.value }
        return ["error": .object(error)]
    }
}

extension APIError {
    /// A field with a value that cannot be.
    package static func invalid(_ param: String?, _ message: String, code: String? = nil) -> APIError {
        APIError(status: 400, type: "invalid_request_error", message: message, param: param, code: code)
    }

    /// A field that exists in OpenAI's API, or at a peer, and does nothing here yet.
    package static func unsupported(_ param: String, _ message: String) -> APIError {
        .invalid(param, message, code: "unsupported_parameter")
    }

    package static func contextLengthExceeded(limit: Int, prompt: Int, param: String) -> APIError {
        APIError(
            status: 400, type: "invalid_request_error",
            message:
                "This model's maximum context length is \(limit) tokens. However, your prompt has \(prompt) tokens.",
            param: param, code: "context_length_exceeded",
            details: ["n_prompt_tokens": .integer(Int64(prompt)), "n_ctx": .integer(Int64(limit))])
    }

    package static func modelNotFound(_ name: String, known: [String]) -> APIError {
        APIError(
            status: 404, type: "invalid_request_error",
            message:
                "The model '\(name.prefix(200))' does not exist. This server has: \(known.joined(separator: ", ")).",
            param: "model", code: "model_not_found")
    }

    package static func unavailable(_ message: String, code: String, retryAfterSeconds: Int) -> APIError {
        APIError(
            status: 503, type: "server_error", message: message, code: code, retryAfterSeconds: retryAfterSeconds)
    }

    package static func overloaded(_ message: String, retryAfterSeconds: Int) -> APIError {
        APIError(
            status: 429, type: "rate_limit_error", message: message, code: "rate_limit_exceeded",
            retryAfterSeconds: retryAfterSeconds)
    }

    /// No key, or not one that is known.
    package static func unauthorized(_ message: String) -> APIError {
        APIError(status: 401, type: "invalid_request_error", message: message, code: "invalid_api_key")
    }

    /// The key is known, and does not allow this.
    package static func forbidden(_ message: String, _ param: String?, code: String) -> APIError {
        APIError(status: 403, type: "invalid_request_error", message: message, param: param, code: code)
    }

    /// A limit that comes back by itself.
    package static func rateLimited(_ message: String, wait: Duration) -> APIError {
        let seconds = max(1, (wait / .seconds(1)).rounded(.up))
        return .overloaded(message, retryAfterSeconds: Int(seconds))
    }

    /// Not one of the statuses after which clients try again; nginx's for those whose client has left.
    package static func cancelled(_ message: String) -> APIError {
        APIError(status: 499, type: "cancelled_error", message: message, code: "request_cancelled")
    }

    package static func internalError(_ message: String, code: String? = nil) -> APIError {
        APIError(status: 500, type: "server_error", message: message, code: code)
    }
}
