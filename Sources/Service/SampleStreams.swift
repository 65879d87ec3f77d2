import Engine
import Language
import OpenAI

/// The texts of all samples of one request while their tokens come in.
struct SampleStreams: Sendable {
    private let streams: [TokenStream]
    private let promptTokens: Int
    private let tokenizer: Tokenizer
    private let stop: [String]
    /// Lists the request until nobody reads it any more.
    private let ticket: RequestRegistry.Ticket
    private let meter: Meter

    /// Hands the request to the engine, and lists it under the ids of answer and request.
    init(
        _ generation: GenerationRequest, stop: [String], model: ServedModel, head: AnswerHead, requestID: String,
        registry: RequestRegistry, meter: Meter
    ) throws(EngineError) {
        streams = try model.engine.submit(generation)
        self.meter = meter
        promptTokens = generation.prompt.count
        tokenizer = model.tokenizer
        self.stop = stop
        ticket = registry.add(
            RequestRegistry.Entry(
                head: head, requestID: requestID, owner: generation.tenant.name, promptTokens: promptTokens,
                priority: generation.priority,
                streams: streams))
    }

    /// Reads all samples at the same time, as the engine cancels whom nobody reads. Returns what `read` makes of each, in
    /// the order of the samples. The first failure ends all of them.
    func read<Result: Sendable>(
        _ read: @escaping @Sendable (_ sample: Int, inout TextStream) async throws -> Result
    ) async throws -> (results: [Result], usage: Usage) {
        try await withThrowingTaskGroup(of: (Int, Result, TextStream).self) { group in
            for (sample, stream) in streams.enumerated() {
                group.addTask {
                    var text = TextStream(stream, tokenizer: tokenizer, stop: stop, meter: meter)
                    return (sample, try await read(sample, &text), text)
                }
            }
            var ended: [(sample: Int, result: Result, text: TextStream)] = []
            for try await sample in group { ended.append(sample) }
            ended.sort { $0.sample < $1.sample }
            // Before the client hears of the end, and sends the next one.
            meter.end()
            return (ended.map(\.result), usage(ended.map(\.text)))
        }
    }

    /// The prompt counts once; what the first sample did not have to compute of it, the request did not.
    private func usage(_ texts: [TextStream]) -> Usage {
        Usage(
            promptTokens: promptTokens, completionTokens: texts.reduce(0) { $0 + $1.completionTokens },
            cachedTokens: texts.first?.cachedTokens ?? 0)
    }
}
