package import JSON

extension APIError {
    /// The refusal in Anthropic's shape and words, with ours beside them.
    package var anthropicJSON: JSONValue {
        var members = json.object?["error"]?.object ?? JSONObject()
        members["type"] = .string(anthropicType)
        return ["type": "error", "error": .object(members)]
    }

    private var anthropicType: String {
        switch status {
        case 401: "authentication_error"
        case 403: "permission_error"
        case 404: "not_found_error"
        case 413: "request_too_large"
        case 429: "rate_limit_error"
        case 503: "overloaded_error"
        case 500...: "api_error"
        default: "invalid_request_error"
        }
    }
}
