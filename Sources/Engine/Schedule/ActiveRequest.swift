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
    private(set) var sharedBlocks = 0
    /// Prompt tokens that it did not have to compute before its first output.
    package private(set) var cachedCount = 0
    /// Set when it has ended and waits to be removed.
    var finish: FinishReason?
    let deadline: ContinuousClock.Instant?
    let tenant: Tenant
    /// Output tokens with which it counts for its tenant until it has ended.
    private let expectedOutput: Int
    /// Nil where a token depends on more of those before it than the logits of its row: they must be known first.
    private var lookup: PromptLookup?
    private let stopTokens: [Int32]
    private let outputLimit: Int
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
    private mutating func take(_ outcome: RowOutcome) -> SampledToken? {
        switch outcome {
        case .token(let token): return take(token)
        case .lastToken(let token):
            let token = take(token)
            finish = .complete
            return token
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
    func run(in slot: Int, count: Int, draft: [Int32] = []) -> StepPlan.Run {
        let end = computed + count
        // Each row is about the token behind it.
        let scoredEnd = min(end + 1, promptCount)
        return StepPlan.Run(
            request: id, slot: slot, positions: computed..<end, scored: scored < scoredEnd ? scored..<scoredEnd : 0..<0,
            output: count == pendingCount ? outputCount : nil, draft: draft)
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

    /// Guesses at most `limit` tokens behind the last one, no more than it may still generate and has blocks for, taking
    /// free ones for them.
    mutating func draft(limit: Int, _ pool: inout BlockPool) -> [Int32] {
        let left = outputLimit - outputCount - 1
        guard limit > 0, left > 0, let draft = lookup?.draft(tokens, limit: min(limit, left)) else { return [] }
        while table.positions < tokens.count + draft.count, let block = pool.lease() { table.append(block) }
        return Array(draft.prefix(table.positions - tokens.count))
    }

    /// Takes in what the rows of a run gave, as far as the guesses were right, and passes on the tokens of the text.
    mutating func take(
        _ outcomes: ArraySlice<RowOutcome>, draft: [Int32], _ pool: inout BlockPool, _ pass: (SampledToken) -> Void
    ) {
        var accepted = 0
        for outcome in outcomes {
            let token = take(outcome)
            if let token { pass(token) }
            guard finish == nil, accepted < draft.count, token?.id == draft[accepted] else { break }
            accepted += 1
            advance(to: computed + 1, &pool)
        }
        lookup?.learn(accepted: accepted, of: draft.count)
    }

    private mutating func take(_ token: SampledToken) -> SampledToken? {
        guard outputLimit > 0 else {
            finish = .length
            return nil
        }
        guard !stopTokens.contains(token.id) else {
            finish = .stop(token: token.id)
            return nil
        }
        tokens.append(token.id)
        chain.extend(over: tokens)
        if outputCount == outputLimit { finish = .length }
        return token
    }
}

// MARK: - Cost

/// In tokens. The prompt is the first sample's.
extension ActiveRequest {
    private var promptCost: Int { id == group ? promptCount : 0 }

    /// What it was expected to cost.
    var cost: Int { promptCost + expectedOutput }

    /// What the samples before it were expected to cost.
    var costBefore: Int {
        id == group ? 0 : promptCount + expectedOutput * Int(clamping: id.number &- group.number)
    }

    /// What of that is still to come by the weight of its tenant; less than nothing when it generates more. A preempted
    /// prompt counts again: it is computed again.
    var unserved: Double {
        Double(max(0, promptCost - computed) + expectedOutput - outputCount) / tenant.weight
    }

    /// What it has cost: what of the prompt was computed, once, and what it generated.
    var served: Int {
        let prompt = outputCount > 0 ? promptCost : min(computed, promptCost)
        return max(0, prompt - cachedCount) + outputCount
    }
}

// MARK: - Blocks

extension ActiveRequest {
    /// Takes what the pool knows of its tokens and leases the rest of `count` blocks, which the caller has seen to be
    /// free. What it will compute it promises to others.
    mutating func enter(_ pool: inout BlockPool, _ match: BlockPool.Match, blocks count: Int) {
        pool.share(match, with: &table, tokens, chain)
        sharedBlocks = match.blocks.count
        while table.blocks.count < count, let block = pool.lease() { table.append(block) }
        for number in sharedBlocks..<max(sharedBlocks, chain.hashes.count) {
            index(number, in: &pool, computed: 0, writer: .request(order))
        }
    }

    /// Gives up all blocks, to come back later or never.
    mutating func leave(_ pool: inout BlockPool) {
        pool.release(&table, by: order)
        computed = 0
        sharedBlocks = 0
        if outputCount == 0 { cachedCount = 0 }
    }

    /// Takes note of what others have computed in shared blocks.
    mutating func catchUp(_ pool: BlockPool) {
        while computed < sharedPositions {
            let number = computed / KVBlock.tokens
            guard let entry = pool.entry(of: table.blocks[number]) else { return }
            let reached = number * KVBlock.tokens + entry.computed
            guard reached > computed else { return }
            if outputCount == 0 { cachedCount += reached - computed }
            computed = reached
        }
    }

    /// How many pending tokens it may feed now, of those before position `end`: up to where another's promise begins.
    /// What nobody has promised it promises itself.
    func reach(_ pool: inout BlockPool, end: Int) -> Int {
        let wanted = max(computed, end)
        var number = computed / KVBlock.tokens
        while number < sharedBlocks, number * KVBlock.tokens < wanted {
            pool.claim(table.blocks[number], for: .request(order))
            guard pool.entry(of: table.blocks[number])?.writer == .request(order) else {
                return max(0, number * KVBlock.tokens - computed)
            }
            number += 1
        }
        return wanted - computed
    }

    /// The next `count` tokens will be fed in this step: who shares their blocks may count on them in the same step, as
    /// every layer writes the keys and values of all rows before it reads any.
    func announce(_ count: Int, to pool: inout BlockPool) {
        let end = computed + count
        for number in computed / KVBlock.tokens..<KVBlock.count(for: end) {
            pool.advance(
                table.blocks[number], to: min(KVBlock.tokens, end - number * KVBlock.tokens),
                by: .request(order))
        }
    }

    /// Positions before `end` are computed; blocks that are full now can be found.
    mutating func advance(to end: Int, _ pool: inout BlockPool) {
        for number in max(sharedBlocks, computed / KVBlock.tokens)..<max(sharedBlocks, end / KVBlock.tokens) {
            index(number, in: &pool, computed: KVBlock.tokens)
        }
        computed = end
    }

    private func index(_ number: Int, in pool: inout BlockPool, computed: Int, writer: BlockWriter? = nil) {
        guard number < chain.hashes.count, pool.entry(of: table.blocks[number]) == nil else { return }
        let first = number * KVBlock.tokens
        pool.index(
            table.blocks[number], name: chain.hashes[number], tokens: tokens[first..<first + KVBlock.tokens],
            computed: computed, writer: writer)
    }
}

// MARK: - Samples

extension ActiveRequest {
    /// The part of the prompt that lies in no block which samples share: they part in that block, and each feeds the
    /// prompt's last token itself, as its logits are wanted.
    private var tail: Range<Int> {
        (promptCount - 1) / KVBlock.tokens * KVBlock.tokens..<promptCount - 1
    }

    /// Where it has to wait for an older sample of its prompt; nil when it has its tail or found it in the index.
    func forkPosition(after elder: ActiveRequest) -> Int? {
        let waits = elder.group == group && computed < tail.upperBound && sharedPositions <= tail.lowerBound
        return waits ? tail.lowerBound : nil
    }

    /// Goes on behind the tail if an older sample has it, computed by steps that are done. Returns the copy that must be
    /// made before the next step.
    mutating func fork(from elder: ActiveRequest) -> StepPlan.BlockCopy? {
        guard let position = forkPosition(after: elder), computed >= position, elder.computed >= tail.upperBound
        else { return nil }
        let number = position / KVBlock.tokens
        if outputCount == 0 { cachedCount += tail.upperBound - computed }
        computed = tail.upperBound
        return StepPlan.BlockCopy(source: elder.table.blocks[number], target: table.blocks[number])
    }
}
