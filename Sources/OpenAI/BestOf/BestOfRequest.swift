package import JSON

/// What a client said to POST /v1/best-of: a prompt, how many answers to draw, and how to find the best of them.
package struct BestOfRequest: Sendable {
    package enum Prompt: Sendable {
        case chat(ChatCompletionRequest)
        case plain(CompletionRequest)
    }

    package let prompt: Prompt
    /// Each sees the candidates that those before it have kept.
    package let scorers: [BestOfScorer]
    /// How the scores of a candidate become one order.
    package let order: Order
    /// What verifiers get to know of the right answer.
    package let reference: JSONValue?
    /// How often a candidate that a verifier has not passed is answered again.
    package let rounds: Int
    /// What the model is told of such an answer; `{report}` stands for the verifier's report.
    package let correction: String

    package enum Order: Sendable, Equatable {
        /// By the first score; where that is equal, by the next.
        case lexicographic
        /// By the sum of the scores, each times its scorer's weight.
        case weighted
    }

    package static let roundsLimit = 4
    package static let scorersLimit = 8
    package static let correctionBytesLimit = 4096
    private static let defaultCorrection = """
        This answer was checked, and it is wrong. The check said:
        {report}
        Answer again, and correctly.
        """

    private static let ownFields: Set<String> = ["scorers", "reference", "rounds", "correction"]

    package init(_ body: JSONValue) throws(APIError) {
        guard let object = body.object else {
            throw .invalid(nil, "The request body must be an object, got \(body.kind).")
        }
        var own = try FieldReader(.object(Self.members(of: object) { Self.ownFields.contains($0) }))
        scorers = try BestOfScorer.list(&own)
        order = try Self.order(of: scorers)
        reference = own.value("reference")
        rounds = try own.integer("rounds", in: 0...Int64(Self.roundsLimit)) ?? 0
        correction = try Self.correction(&own)
        prompt = try Self.prompt(Self.members(of: object) { !Self.ownFields.contains($0) })
        guard rounds > 0 else { return }
        guard scorers.contains(where: \.isVerifier) else {
            throw .invalid("rounds", "'rounds' needs a scorer of type 'verifier', whose report the model gets.")
        }
        guard case .chat = prompt else { throw .invalid("rounds", "'rounds' needs 'messages', to which it adds.") }
    }

    private static func members(of object: JSONObject, _ isWanted: (String) -> Bool) -> JSONObject {
        JSONObject(object.members.filter { isWanted($0.name) }.map { ($0.name, $0.value) })
    }

    /// What remains is a chat or a plain completion, whose samples are the candidates. Its seed is known, so that every
    /// candidate can be drawn again.
    private static func prompt(_ object: JSONObject) throws(APIError) -> Prompt {
        for field in ["stream", "logprobs", "top_logprobs", "echo", "best_of"] {
            guard let value = object[field], !value.isNull, value != false else { continue }
            throw .unsupported(field, "'\(field)' is not supported by best-of.")
        }
        var object = object
        if object["seed"] ?? .null == .null { object["seed"] = .integer(.random(in: 0...Int64(UInt32.max))) }
        guard object["prompt"] ?? .null == .null else {
            guard object["messages"] ?? .null == .null else {
                throw .invalid("prompt", "Only one of 'prompt' and 'messages' may be given.")
            }
            object["logprobs"] = 0
            let completion = try CompletionRequest(.object(object))
            guard completion.prompts.count == 1, case .text = completion.prompts[0] else {
                throw .invalid("prompt", "'prompt' must be one text.")
            }
            return .plain(completion)
        }
        object["logprobs"] = true
        return .chat(try ChatCompletionRequest(.object(object)))
    }

    private static func order(of scorers: [BestOfScorer]) throws(APIError) -> Order {
        let weighted = scorers.count { $0.weight != nil }
        guard weighted == 0 || weighted == scorers.count else {
            throw .invalid("scorers", "Either all of 'scorers' have a 'weight' or none has.")
        }
        return weighted == 0 ? .lexicographic : .weighted
    }

    private static func correction(_ reader: inout FieldReader) throws(APIError) -> String {
        guard let text = try reader.string("correction") else { return defaultCorrection }
        guard (1...correctionBytesLimit).contains(text.utf8.count) else {
            throw .invalid(
                "correction", "'correction' must have 1 to \(correctionBytesLimit) bytes, got \(text.utf8.count).")
        }
        return text
    }
}

extension BestOfRequest {
    package var sampling: SamplingFields {
        switch prompt {
        case .chat(let chat): chat.sampling
        case .plain(let completion): completion.sampling
        }
    }

    /// The conversation in which an answer was given that a verifier has not passed, and what it said.
    ///
    /// - Parameter seed: of the next answer, which is one.
    package func corrected(
        _ chat: ChatCompletionRequest, answer: ChatMessage, report: String, seed: Int64
    ) -> ChatCompletionRequest {
        var chat = chat
        let remark = correction.split(separator: "{report}", omittingEmptySubsequences: false).joined(separator: report)
        chat.prompt.messages += [answer, ChatMessage(role: .user, content: remark)]
        chat.sampling.seed = seed
        chat.sampling.n = 1
        return chat
    }
}
