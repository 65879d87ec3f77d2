import Engine
import HTTP
import Language
import OpenAI

/// The texts of all samples of one request while their tokens come in: those of its first prompt, those of its second.
struct SampleStreams: Sendable {
    private let streams: [TokenStream]
    /// Samples of each prompt.
    private let samples: Int
    private let tokenizer: Tokenizer
    private let options: TextOptions
    private let notes: RequestNotes
    /// Lists the request until nobody reads it any more.
    private let ticket: RequestRegistry.Ticket
    private let meter: Meter
    /// Of all prompts.
    let promptTokens: Int
    private let endsMeter: Bool
    private let firstPrompt: Int

    /// Charges the caller, hands the prompts of a request to the engine, and lists it under the ids of answer and
    /// request. If one is refused, the engine ends those before it, as nobody reads them.
    ///
    /// - Parameter generations: one for each prompt, with the same number of samples.
    init(
        _ generations: [GenerationRequest], _ options: TextOptions = TextOptions(), model: ServedModel,
        head: AnswerHead, request: RequestHead, caller: Caller, maxTokens: Int?, registry: RequestRegistry
    ) throws {
        try self.init(
            generations, options, model: model, head: head, request: request, caller: caller,
            meter: try caller.begin(generations, maxTokens: maxTokens), endsMeter: true, registry: registry)
    }

    /// As above, of a caller that is charged already.
    ///
    /// - Parameters:
    ///   - endsMeter: these are all streams that it counts.
    ///   - firstPrompt: of the meter's prompts, the first of these.
    init(
        _ generations: [GenerationRequest], _ options: TextOptions = TextOptions(), model: ServedModel,
        head: AnswerHead, request: RequestHead, caller: Caller, meter: Meter, endsMeter: Bool = false,
        firstPrompt: Int = 0, registry: RequestRegistry
    ) throws {
        self.meter = meter
        self.endsMeter = endsMeter
        self.firstPrompt = firstPrompt
        var streams: [TokenStream] = []
        for generation in generations { streams += try model.engine.submit(generation) }
        self.streams = streams
        promptTokens = generations.reduce(0) { $0 + $1.prompt.count }
        samples = generations.first?.samples ?? 1
        tokenizer = model.tokenizer
        self.options = options
        notes = request.notes
        ticket = registry.add(
            RequestRegistry.Entry(
                head: head, requestID: request.id, owner: caller.name,
                promptTokens: promptTokens,
                priority: generations.first?.priority ?? 0, streams: streams))
    }

    /// Reads all samples at the same time, as the engine cancels whom nobody reads. Returns what `read` makes of each, in
    /// the order of the samples. The first failure ends all of them.
    func read<Result: Sendable>(
        _ read: @escaping @Sendable (_ sample: Int, inout TextStream) async throws -> Result
    ) async throws -> (results: [Result], summary: AnswerSummary) {
        do {
            let (results, texts) = try await readAll(read)
            // Before the client hears of the end, and sends the next one.
            if endsMeter { meter.end() }
            let summary = AnswerSummary(texts, samples: samples)
            summary.write(to: notes)
            return (results, summary)
        } catch {
            AnswerSummary(broken: streams, samples: samples).write(to: notes)
            throw error
        }
    }

    private func readAll<Result: Sendable>(
        _ read: @escaping @Sendable (_ sample: Int, inout TextStream) async throws -> Result
    ) async throws -> (results: [Result], texts: [TextStream]) {
        try await withThrowingTaskGroup(of: (Int, Result, TextStream).self) { group in
            for (sample, stream) in streams.enumerated() {
                group.addTask {
                    // The samples of a prompt share it, so the first of them tells its progress.
                    var options = options
                    if sample % samples > 0 { options.reportsProgress = false }
                    var text = TextStream(
                        stream, tokenizer: tokenizer, options, meter: meter.line(of: firstPrompt + sample / samples))
                    return (sample, try await read(sample, &text), text)
                }
            }
            var ended: [(sample: Int, result: Result, text: TextStream)] = []
            for try await sample in group { ended.append(sample) }
            ended.sort { $0.sample < $1.sample }
            return (ended.map(\.result), ended.map(\.text))
        }
    }
}
