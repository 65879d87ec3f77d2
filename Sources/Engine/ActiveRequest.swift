import Model

/// A request inside the scheduler, waiting or running.
///
/// Positions of its sequence:
///
///     [0, computed)                   K/V valid, in blocks leased to this request
///     [computed, tokens.count)        tokens known, not fed yet; one of them while it decodes
///     [tokens.count, table.positions) leased ahead, nothing to write yet
///
/// Waiting requests hold no blocks: computed = table.positions = 0. A preempted one keeps its tokens and feeds them
/// again, so its text goes on as if nothing had happened.
package struct ActiveRequest: Sendable {
    package let id: RequestID
    /// Prompt, then output.
    package private(set) var tokens: [Int32]
    package let promptCount: Int
    package var computed = 0
    package var table = BlockTable()
    /// Set when it has ended and waits to be removed.
    var finish: FinishReason?
    let deadline: ContinuousClock.Instant?
    private let stopTokens: [Int32]
    private let outputLimit: Int

    init(id: RequestID, request: GenerationRequest, context: Int) {
        self.id = id
        tokens = request.prompt
        promptCount = request.prompt.count
        deadline = request.deadline
        stopTokens = request.stopTokens
        outputLimit = Self.outputLimit(of: request, context: context)
    }

    /// Positions whose K/V a request may need; its last output token is never fed.
    package static func positions(of request: GenerationRequest, context: Int) -> Int {
        request.prompt.count + outputLimit(of: request, context: context) - 1
    }

    /// Prompt and output fit the context together.
    private static func outputLimit(of request: GenerationRequest, context: Int) -> Int {
        max(1, min(request.maxTokens, context - request.prompt.count))
    }

    /// Tokens to feed before the next one can be sampled.
    package var pendingCount: Int { tokens.count - computed }
    package var outputCount: Int { tokens.count - promptCount }

    func isExpired(at now: ContinuousClock.Instant) -> Bool { deadline.map { $0 <= now } ?? false }

    /// Blocks that let it feed all it has and decode a first token without asking for more.
    var admissionBlocks: Int {
        KVBlock.count(for: min(tokens.count + 1, promptCount + outputLimit - 1))
    }

    /// Takes in what was sampled after the last known token. Returns the token if it belongs to the text, and sets
    /// `finish` if it was the last.
    mutating func take(_ outcome: RowOutcome) -> SampledToken? {
        guard case .token(let token) = outcome else {
            finish = .numericalError
            return nil
        }
        guard !stopTokens.contains(token.id) else {
            finish = .stop(token: token.id)
            return nil
        }
        tokens.append(token.id)
        if outputCount == outputLimit { finish = .length }
        return token
    }
}
