package import JSON

/// The log-probability of one token of an answer, and of those that were likeliest in its place.
package struct LogprobItem: Sendable, Equatable {
    package struct Candidate: Sendable, Equatable {
        let id: Int32
        /// Part of a character in some tokens; the name of a control token.
        let bytes: [UInt8]
        /// Control tokens are no part of the text.
        let isControl: Bool
        /// Nil for the first token of a prompt, which follows nothing.
        let logprob: Float?

        package init(id: Int32, bytes: [UInt8], isControl: Bool, logprob: Float?) {
            self.id = id
            self.bytes = bytes
            self.isControl = isControl
            self.logprob = logprob
        }
    }

    let token: Candidate
    /// Likeliest first; empty when the client asked for none.
    let top: [Candidate]
    /// Characters (Unicode scalars) of the text before the token.
    let offset: Int

    package init(token: Candidate, top: [Candidate], offset: Int) {
        self.token = token
        self.top = top
        self.offset = offset
    }

    /// As chat completions have it.
    package static func chat(_ items: [LogprobItem]) -> JSONValue {
        ["content": .array(items.map(\.json)), "refusal": .null]
    }

    private var json: JSONValue {
        var object = token.object
        object["top_logprobs"] = .array(top.map { .object($0.object) })
        return .object(object)
    }

    /// As plain completions have it: columns, and of the likeliest tokens a dictionary that the token itself is part of.
    package static func legacy(_ items: [LogprobItem]) -> JSONValue {
        [
            "tokens": .array(items.map { .string($0.token.legacyText) }),
            "token_logprobs": .array(items.map(\.token.number)),
            "top_logprobs": .array(items.map(\.dictionary)),
            "text_offset": .array(items.map { .integer(Int64($0.offset)) }),
        ]
    }

    /// Minus infinity is no number in JSON; OpenAI's word for very unlikely.
    static func number(_ logprob: Double) -> JSONValue { .number(logprob.isFinite ? logprob : -9999) }

    private var dictionary: JSONValue {
        guard token.logprob != nil else { return .null }
        var object = JSONObject()
        for candidate in top + [token] where object[candidate.legacyText] == nil {
            object[candidate.legacyText] = candidate.number
        }
        return .object(object)
    }
}

extension LogprobItem.Candidate {
    fileprivate var number: JSONValue { logprob.map { LogprobItem.number(Double($0)) } ?? .null }

    fileprivate var object: JSONObject {
        [
            // llama-server's: whoever trains on the tokens needs no tokenizer.
            "id": .integer(Int64(id)),
            "token": .string(String(decoding: bytes, as: UTF8.self)), "logprob": number,
            "bytes": isControl ? .null : .array(bytes.map { .integer(Int64($0)) }),
        ]
    }

    /// OpenAI's spelling of a token that is no text of its own: `bytes:\xe2\x82`. Two such tokens must not share a name.
    fileprivate var legacyText: String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        let digits = Array("0123456789abcdef")
        return "bytes:" + bytes.map { "\\x\(digits[Int($0 >> 4)])\(digits[Int($0 & 15)])" }.joined()
    }
}
