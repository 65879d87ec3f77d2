import Model

/// A request inside the scheduler, waiting or running.
///
/// Positions of its sequence:
///
///     [0, computed)                   K/V valid, in blocks that this request holds
///     [computed, tokens.count)        tokens known, not fed yet; one of them while it decodes
///     [tokens.count, table.positions) leased ahead, nothing to write yet
///
/// Its first `sharedBlocks` came from the prefix index. They are read, and what of them is not computed yet is written
/// by one of those who hold them or read by the block store (`PrefixIndex.Entry.writer`). All others are its own.
///
/// Samples of one prompt are requests of one group, neighbours in age. They share the prompt's full blocks through the
/// index like any others, and the rest of it by copying the block it lies in: only the oldest of them computes it.
///
/// Waiting requests hold no blocks: computed = table.positions = 0. A preempted one keeps its tokens and feeds again
/// what is no longer there, so its text goes on as if nothing had happened.
package struct ActiveRequest: Sendable {
    package private(set) var order: RequestOrder
    /// The first sample of its prompt; itself if there is no other.
    package let group: RequestID
    /// Prompt, then output.
    package private(set) var tokens: [Int32]
    package let promptCount: Int
    package var computed = 0
    package var table = BlockTable()
    private(set) var chain: PrefixChain
    var sharedBlocks = 0
    /// Prompt tokens that it did not have to compute before its first output.
    package internal(set) var cachedCount = 0
    /// Set when it has ended and waits to be removed.
    var finish: FinishReason?
    let deadline: ContinuousClock.Instant?
    let tenant: Tenant
    /// Output tokens with which it counts for its tenant until it has ended.
    let expectedOutput: Int
    /// Nil where a token depends on more of those before it than the logits of its row: they must be known first.
    var lookup: PromptLookup?
    /// How far the request's constraint guesses for it; nil where it has none.
    var forcedLength: DraftLength?
    /// How far the draft model guesses for it.
    var draftLength = DraftLength(first: DraftLength.longest)
    /// Its text was brought to an end, as its tokens ran out.
    private var isCut = false
    private let stopTokens: [Int32]
    let outputLimit: Int
    /// Prompt tokens before this one need no look at the row before them, or have had it.
    private var scored: Int

    /// - Parameters:
    ///   - scope: of its prefixes.
    ///   - key: of their names.
    ///   - place: among the requests of other tenants.
    init(
        id: RequestID, request: GenerationRequest, context: Int, scope: String, key: PrefixKey, place: FairShare.Place
    ) {
        order = RequestOrder(priority: request.priority, place: place.start, id: id)
        group = id
        tokens = request.prompt
        promptCount = request.prompt.count
        chain = PrefixChain(scope: scope, key: key)
        chain.extend(over: request.prompt)
        deadline = request.deadline
        tenant = request.tenant
        expectedOutput = place.expectedOutput
        lookup = request.sampling.isMemoryless && request.constraint == nil ? PromptLookup() : nil
        forcedLength = request.constraint.map { _ in DraftLength(first: DraftLength.longest) }
        stopTokens = request.stopTokens
        outputLimit = Self.outputLimit(of: request, context: context)
        scored = request.firstWanted
    }

    /// Another sample of the same prompt, which is as young as this one.
    func sibling(_ id: RequestID) -> ActiveRequest {
        var sibling = self
        sibling.order = RequestOrder(priority: order.priority, place: order.place, id: id)
        sibling.scored = promptCount
        return sibling
    }

    /// Positions whose K/V a request may need.
    package static func positions(of request: GenerationRequest, context: Int) -> Int {
        positions(prompt: request.prompt.count, output: outputLimit(of: request, context: context))
    }

    /// The last output token is never fed.
    private static func positions(prompt: Int, output: Int) -> Int { prompt + max(output - 1, 0) }

    /// Prompt and output fit the context together.
    static func outputLimit(of request: GenerationRequest, context: Int) -> Int {
        min(request.maxTokens, max(1, context - request.prompt.count))
    }

    /// Makes room for as many tokens as it may come to have, so that no step allocates; more than `furthest` only when
    /// they come, as `maxTokens` may be far more than it will write.
    mutating func reserve() {
        let count = min(promptCount + outputLimit, tokens.count + Self.furthest)
        tokens.reserveCapacity(count)
        chain.reserve(tokens: count)
        table.reserve(positions: count)
    }

    private static let furthest = 8192

    package var id: RequestID { order.id }

    /// Tokens to feed before the next one can be sampled.
    package var pendingCount: Int { tokens.count - computed }
    package var outputCount: Int { tokens.count - promptCount }

    func isExpired(at now: ContinuousClock.Instant) -> Bool { deadline.map { $0 <= now } ?? false }

    /// Blocks that it must get to start. Optimistic ones let it feed all it has and decode a first token without asking
    /// for more, reserved ones are all that it will ever need.
    func admissionBlocks(_ policy: AdmissionPolicy) -> Int {
        let all = Self.positions(prompt: promptCount, output: outputLimit)
        return KVBlock.count(for: policy == .reservation ? all : min(tokens.count + 1, all))
    }

    /// Full blocks that it may take from others: tokens whose logits are wanted must be fed, and the last is one.
    var shareableBlocks: Int { (min(tokens.count, scored < promptCount ? scored : .max) - 1) / KVBlock.tokens }

    /// Positions in blocks that came from the prefix index.
    var sharedPositions: Int { sharedBlocks * KVBlock.tokens }

    /// Takes in what was sampled after the last known token. Returns the token if it belongs to the text, and sets
    /// `finish` if it was the last.
    mutating func take(_ outcome: RowOutcome) -> SampledToken? {
        switch outcome {
        case .token(let token): return take(token)
        case .lastToken(let token):
            let token = take(token)
            finish = isCut ? .length : .complete
            return token
        case .noRoom: finish = .length
        case .pooled, .vector: finish = .complete
        case .noToken(let isComplete): finish = isComplete ? .complete : .deadEnd
        case .notANumber: finish = .numericalError
        }
        return nil
    }

    /// How many of its next tokens it may feed if `limit` of them may have their logits.
    func feedable(logits limit: Int) -> Int {
        scored < promptCount ? max(scored - 1 - computed, 0) + limit : .max
    }

    /// Feeds its next `count` tokens, and guesses behind them.
    func run(in slot: Int, count: Int, _ guess: Guess = Guess()) -> StepPlan.Run {
        let end = computed + count
        // Each row is about the token behind it.
        let scoredEnd = min(end + 1, promptCount)
        return StepPlan.Run(
            request: id, slot: slot, positions: computed..<end, scored: scored < scoredEnd ? scored..<scoredEnd : 0..<0,
            output: count == pendingCount ? outputCount : nil, draft: guess.draft, room: guess.room,
            source: guess.source)
    }

    /// Takes in the log-probabilities of prompt tokens, of which there are none where hidden states were taken instead.
    mutating func takeScores(_ outcomes: ArraySlice<RowOutcome>) -> [SampledToken] {
        scored += outcomes.count
        let scores = outcomes.compactMap { outcome -> SampledToken? in
            if case .token(let token) = outcome { token } else { nil }
        }
        if outcomes.contains(.notANumber) { finish = .numericalError }
        return scores
    }

    private mutating func take(_ token: SampledToken) -> SampledToken? {
        guard outputLimit > 0 else {
            finish = .length
            return nil
        }
        isCut = isCut || token.isClosing
        guard !stopTokens.contains(token.id) else {
            finish = isCut ? .length : .stop(token: token.id)
            return nil
        }
        tokens.append(token.id)
        chain.extend(over: tokens)
        if outputCount == outputLimit { finish = .length }
        return token
    }
}
