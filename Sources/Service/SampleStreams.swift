import Engine
import HTTP
import Language
import OpenAI

/// The texts of all samples of one request while their tokens come in.
struct SampleStreams: Sendable {
    private let streams: [TokenStream]
    private let tokenizer: Tokenizer
    private let stop: [String]
    private let reportsProgress: Bool
    private let notes: RequestNotes
    /// Lists the request until nobody reads it any more.
    private let ticket: RequestRegistry.Ticket

    /// Hands the request to the engine, and lists it under the ids of answer and request.
    init(
        _ generation: GenerationRequest, fields: SamplingFields, model: ServedModel, head: AnswerHead,
        request: RequestHead, registry: RequestRegistry
    ) throws(EngineError) {
        streams = try model.engine.submit(generation)
        tokenizer = model.tokenizer
        stop = fields.stop
        reportsProgress = fields.reportsProgress
        notes = request.notes
        ticket = registry.add(
            RequestRegistry.Entry(
                head: head, requestID: request.id, promptTokens: generation.prompt.count,
                priority: generation.priority, streams: streams))
    }

    /// Reads all samples at the same time, as the engine cancels whom nobody reads. Returns what `read` makes of each, in
    /// the order of the samples. The first failure ends all of them.
    func read<Result: Sendable>(
        _ read: @escaping @Sendable (_ sample: Int, inout TextStream) async throws -> Result
    ) async throws -> (results: [Result], summary: AnswerSummary) {
        do {
            let (results, texts) = try await readAll(read)
            let summary = AnswerSummary(texts)
            summary.write(to: notes)
            return (results, summary)
        } catch {
            AnswerSummary(broken: streams).write(to: notes)
            throw error
        }
    }

    private func readAll<Result: Sendable>(
        _ read: @escaping @Sendable (_ sample: Int, inout TextStream) async throws -> Result
    ) async throws -> (results: [Result], texts: [TextStream]) {
        try await withThrowingTaskGroup(of: (Int, Result, TextStream).self) { group in
            for (sample, stream) in streams.enumerated() {
                group.addTask {
                    // The samples share the prompt, whose progress one of them tells.
                    var text = TextStream(
                        stream, tokenizer: tokenizer, stop: stop, reportsProgress: reportsProgress && sample == 0)
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
