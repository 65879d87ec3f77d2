import Engine
import Foundation
import Model
import Telemetry
import Testing

/// Allows some tokens, a given number of times.
private final class ListConstraint: TokenConstraint {
    private let tokens: Set<Int32>
    private var left: Int
    private let isFreed: Bool
    private let closing: (room: Int, fit: TokenFit)?
    private(set) var masks = 0

    /// - Parameters:
    ///   - isFreed: after `count` tokens anything may follow; else nothing.
    ///   - closing: what becomes of tokens with so much room or less.
    init(
        _ tokens: Set<Int32>, count: Int = .max, isFreed: Bool = false, closing: (room: Int, fit: TokenFit)? = nil
    ) {
        self.closing = closing
        self.tokens = tokens
        left = count
        self.isFreed = isFreed
    }

    var isComplete: Bool { left == 0 }

    func allows(_ token: Int32) -> Bool { tokens.contains(token) }

    func allowedTokens() -> [UInt64] {
        masks += 1
        var words = [UInt64](repeating: 0, count: 8)
        for token in tokens { words[Int(token) / 64] |= 1 << UInt64(token % 64) }
        return words
    }

    func fit(_ token: Int32, room: Int) -> TokenFit {
        if let closing, room <= closing.room { closing.fit } else { .fits }
    }

    func forcedTokens(limit: Int) -> [Int32] { [] }

    func copy() -> any TokenConstraint {
        ListConstraint(tokens, count: left, isFreed: isFreed, closing: closing)
    }

    func accept(_ token: Int32) -> ConstraintProgress {
        left -= 1
        return left > 0 ? .open : isFreed ? .free : .ended
    }
}

private struct ListSource: ConstraintSource {
    let tokens: Set<Int32>
    var count = Int.max
    var isFreed = false
    var closing: (room: Int, fit: TokenFit)?

    func constraint(stopTokens: [Int32]) -> any TokenConstraint {
        ListConstraint(tokens, count: count, isFreed: isFreed, closing: closing)
    }
}

struct ConstrainedSamplingTests {
    private static let logits: [Float] = [2, 1.5, 1, 0.5, 0, -0.5, -1, 3]

    private func sample(
        _ parameters: SamplingParameters, _ constraint: ListConstraint, at index: Int = 0,
        topLogprobs: Int? = nil, room: Int = .max
    ) -> RowOutcome {
        let buffer = LogitsBuffer(Self.logits)
        let outcome = Sampler(vocabularySize: Self.logits.count).sample(
            RowDraw(
                row: buffer.row, parameters: parameters, history: TokenHistory(prompt: [], for: parameters),
                output: index, room: room, topLogprobs: topLogprobs, constraint: constraint))
        #expect(buffer.values == Self.logits, "the row was not restored")
        return outcome
    }

    private func id(_ outcome: RowOutcome) -> Int32? {
        guard case .token(let token) = outcome else { return nil }
        return token.id
    }

    @Test func `the most likely token that is allowed`() {
        #expect(id(sample(.greedy, ListConstraint([1, 3, 5]))) == 1)
        let open = ListConstraint([7, 1])
        #expect(id(sample(.greedy, open)) == 7)
        #expect(open.masks == 0, "the whole vocabulary was looked at for nothing")
        let biased = SamplingParameters(temperature: 0, logitBias: [.init(token: 3, bias: 5)])
        #expect(id(sample(biased, ListConstraint([1, 3, 5]))) == 3)
    }

    @Test func `where nothing is allowed no token comes`() {
        for parameters in [.greedy, SamplingParameters(), SamplingParameters(topK: 2)] {
            #expect(sample(parameters, ListConstraint([])) == .noToken(isComplete: false))
            #expect(sample(parameters, ListConstraint([], count: 0)) == .noToken(isComplete: true))
        }
    }

    @Test func `a token that closes the text takes the place of the one that was drawn`() {
        let constraint = ListConstraint([1, 3], closing: (4, .closing(3)))
        guard case .token(let drawn) = sample(.greedy, constraint, room: 5),
            case .token(let token) = sample(.greedy, constraint, topLogprobs: 1, room: 4)
        else {
            Issue.record("no token")
            return
        }
        #expect(drawn.id == 1 && !drawn.isClosing)
        #expect(token.id == 3 && token.isClosing && token.top.map(\.id) == [7] && token.logprob < -2)
        #expect(sample(.greedy, ListConstraint([1], closing: (4, .ended)), room: 4) == .noRoom)
    }

    @Test func `log-probabilities are the model's own`() throws {
        guard case .token(let token) = sample(.greedy, ListConstraint([4]), topLogprobs: 2) else {
            Issue.record("no token")
            return
        }
        let probabilities = NaiveSampling.probabilities(Self.logits, temperature: 1)
        #expect(token.id == 4 && token.top.map(\.id) == [7, 0])
        #expect(abs(Double(token.logprob) - log(probabilities[4])) < 1e-5)
    }

    /// As if the others were not there: top-k, top-p and min-p apply to what is allowed.
    @Test(arguments: [
        SamplingParameters(temperature: 1), SamplingParameters(temperature: 0.7), SamplingParameters(topK: 2),
        SamplingParameters(topP: 0.7), SamplingParameters(minP: 0.4),
    ])
    func `draws with the frequencies of what is allowed`(base: SamplingParameters) {
        let allowed: [Int32] = [1, 2, 4, 6]
        let part = allowed.map { Self.logits[Int($0)] }
        let draws = 20_000
        var counts = [Int32: Int]()
        for index in 0..<draws {
            guard case .token(let token) = sample(base, ListConstraint(Set(allowed)), at: index) else { continue }
            counts[token.id, default: 0] += 1
        }
        #expect(Set(counts.keys).isSubset(of: allowed))
        for (token, share) in zip(allowed, NaiveSampling.distribution(part, base)) {
            let expected = share * Double(draws)
            let distance = abs(Double(counts[token, default: 0]) - expected)
            #expect(distance <= 4.5 * expected.squareRoot(), "\(token): \(counts[token, default: 0]) of \(expected)")
        }
    }

    // MARK: Through the engine

    private func answer(
        _ source: ListSource, stopTokens: [Int32] = []
    ) async throws -> (text: [Int32], end: FinishReason?) {
        let engine = InferenceEngine(
            model: ScriptedModel(), metrics: MetricsRegistry(), modelName: "scripted")
        engine.start()
        let request = GenerationRequest(
            prompt: [1, 2, 3], sampling: SamplingParameters(seed: 1), maxTokens: 12, stopTokens: stopTokens,
            constraint: source)
        var (text, end): ([Int32], FinishReason?) = ([], nil)
        for await event in try engine.submitOne(request) {
            switch event {
            case .token(let token): text.append(token.id)
            case .finished(let reason): end = reason
            case .prefill, .scored, .vector: break
            }
        }
        return (text, end)
    }

    @Test func `a request keeps to its constraint until that ends it or lets it go`() async throws {
        let whole = try await answer(ListSource(tokens: [4, 5], count: 3))
        #expect(whole.text.count == 3 && Set(whole.text).isSubset(of: [4, 5]) && whole.end == .complete)
        let cut = try await answer(ListSource(tokens: [4, 5]))
        #expect(cut.text.count == 12 && Set(cut.text).isSubset(of: [4, 5]) && cut.end == .length)
        let freed = try await answer(ListSource(tokens: [4, 5], count: 2, isFreed: true))
        #expect(freed.text.count == 12 && Set(freed.text.prefix(2)).isSubset(of: [4, 5]))
        #expect(!Set(freed.text).isSubset(of: [4, 5]) && freed.end == .length)
        let stuck = try await answer(ListSource(tokens: []))
        #expect(stuck.text.isEmpty && stuck.end == .deadEnd)
        let closed = try await answer(ListSource(tokens: [4, 5], count: 11, closing: (2, .closing(6))))
        #expect(
            closed.text.prefix(9) == cut.text.prefix(9) && closed.text.suffix(2) == [6, 6] && closed.end == .length)
        let spoken = try await answer(ListSource(tokens: [4, 5], closing: (2, .closing(6))), stopTokens: [6])
        #expect(spoken.text == Array(cut.text.prefix(9)) && spoken.end == .length)
        let ended = try await answer(ListSource(tokens: [4, 5], closing: (2, .ended)))
        #expect(ended.text == Array(cut.text.prefix(9)) && ended.end == .length)
        let again = try await answer(ListSource(tokens: [4, 5]))
        #expect(again.text == cut.text)
    }
}
