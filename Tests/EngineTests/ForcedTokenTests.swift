import Engine
import Model
import Telemetry
import Testing

/// In turn a few tokens among many, and a stretch of tokens that are given, or of two ways to write it: what it guesses
/// is right or may be wrong.
private final class StretchConstraint: TokenConstraint {
    static let (free, stretch) = (3, 9)

    private let source: StretchSource
    private var place: Int

    init(_ source: StretchSource, at place: Int) { (self.source, self.place) = (source, place) }

    private func given(at place: Int) -> Int32? {
        place % (Self.free + Self.stretch) < Self.free ? nil : Int32(place * 7 % 50)
    }

    private var allowed: [Int32] {
        guard let token = given(at: place) else { return Array(10..<40) }
        return source.isAmbiguous ? [token, token + 1] : [token]
    }

    var isComplete: Bool { place == source.length }

    func allows(_ token: Int32) -> Bool { allowed.contains(token) }

    func allowedTokens() -> [UInt64] { [allowed.reduce(0) { $0 | 1 << UInt64($1) }] }

    func forcedTokens(limit: Int) -> [Int32] {
        var (tokens, next) = ([Int32](), place)
        while tokens.count < limit, let token = given(at: next) {
            tokens.append(token)
            next += 1
        }
        return tokens
    }

    func fit(_ token: Int32, room: Int) -> TokenFit { .fits }

    func copy() -> any TokenConstraint { StretchConstraint(source, at: place) }

    func accept(_ token: Int32) -> ConstraintProgress {
        #expect(allows(token), "the text has come elsewhere")
        place += 1
        return place < source.length ? .open : source.isFreed ? .free : .ended
    }
}

private struct StretchSource: ConstraintSource {
    var length = 62
    var isAmbiguous = false
    var isFreed = false

    func constraint(stopTokens: [Int32]) -> any TokenConstraint { StretchConstraint(self, at: 0) }
}

/// What a constraint leaves as the only way is fed at once, and the text is the same.
struct ForcedTokenTests {
    private func read(
        _ requests: [GenerationRequest], speculates: Bool
    ) async throws -> (texts: [[Int32]], records: [SampleRecord], steps: Int) {
        let metrics = MetricsRegistry()
        let engine = InferenceEngine(
            model: ScriptedModel(), settings: EngineSettings(speculates: speculates), metrics: metrics,
            modelName: "scripted")
        engine.start()
        var (texts, records) = ([[Int32]](), [SampleRecord]())
        let streams = try requests.flatMap { try engine.submit($0) }
        for stream in streams {
            var text: [Int32] = []
            for await case .token(let token) in stream { text.append(token.id) }
            texts.append(text)
            records.append(stream.record)
        }
        await engine.stop()
        let steps = metrics.page().split(separator: "\n").first { $0.hasPrefix("llamacpp:n_decode_total ") }
        return (texts, records, steps?.split(separator: " ").last.flatMap { Int($0) } ?? 0)
    }

    private static let samplings = [
        SamplingParameters.greedy, SamplingParameters(temperature: 1, seed: 3),
        SamplingParameters(temperature: 0.8, topP: 0.9, repetitionPenalty: 1.3, frequencyPenalty: 0.5, seed: 4),
    ]

    private static let sources = [
        StretchSource(), StretchSource(isAmbiguous: true), StretchSource(length: 31, isFreed: true),
    ]

    @Test func `the texts of a mixture are those without guesses`() async throws {
        var requests = [GenerationRequest(prompt: [1, 2, 3], maxTokens: 80)]
        for (number, source) in Self.sources.enumerated() {
            for sampling in Self.samplings {
                requests.append(
                    GenerationRequest(
                        prompt: [4, Int32(number)], sampling: sampling, samples: 1 + number % 2, maxTokens: 70 - number,
                        topLogprobs: number == 1 ? 2 : nil, constraint: source))
            }
        }
        let (plain, guessed) = (
            try await read(requests, speculates: false), try await read(requests, speculates: true)
        )
        #expect(guessed.texts == plain.texts)
        for request in requests {
            let (plain, guessed) = (
                try await read([request], speculates: false), try await read([request], speculates: true)
            )
            #expect(guessed.texts == plain.texts)
        }
    }

    @Test(arguments: samplings)
    func `what is certain is right, and takes fewer steps`(sampling: SamplingParameters) async throws {
        let request = GenerationRequest(
            prompt: [1, 2, 3], sampling: sampling, maxTokens: 80, constraint: StretchSource())
        let (plain, guessed) = (
            try await read([request], speculates: false), try await read([request], speculates: true)
        )
        let record = guessed.records[0]
        #expect(record.outputTokens == 62 && record.acceptedTokens == record.draftTokens)
        #expect(plain.steps >= 62 && guessed.steps == plain.steps - record.draftTokens)
        #expect(guessed.steps < plain.steps * 2 / 3, "\(guessed.steps) of \(plain.steps)")
    }

    @Test func `wrong guesses become rarer`() async throws {
        let request = GenerationRequest(
            prompt: [1, 2, 3], sampling: SamplingParameters(temperature: 1, seed: 5), maxTokens: 600,
            constraint: StretchSource(length: 600, isAmbiguous: true))
        let record = try await read([request], speculates: true).records[0]
        #expect(record.outputTokens == 600)
        #expect(record.acceptedTokens > 0 && record.acceptedTokens < record.draftTokens)
        #expect(record.draftTokens < 600, "\(record.draftTokens)")
    }
}
