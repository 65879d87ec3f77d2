import CThread
import Foundation
package import Model
import Synchronization
package import Telemetry

/// The door to the engine thread, which owns the model, its K/V memory and the scheduler. Any task may call it.
package final class InferenceEngine: Sendable {
    package let vocabularySize: Int
    package let contextLength: Int
    /// Values of a prompt's vector.
    package let width: Int
    private let settings: EngineSettings
    private let blockCount: Int
    private let mailbox: Mailbox
    private let loop: EngineLoop
    private let started = Atomic(false)
    private let requests = Atomic<UInt64>(0)

    /// - Parameters:
    ///   - draftModel: a smaller one with the same vocabulary, which guesses what the other will say.
    ///   - store: keeps the blocks of prefixes; made for this model.
    ///   - modelName: the `model_name` label of the metrics.
    package init(
        model: sending any ForwardPass, draftModel: sending (any ForwardPass)? = nil,
        settings: EngineSettings = EngineSettings(), store: BlockStore? = nil, metrics: MetricsRegistry,
        modelName: String
    ) {
        precondition(
            draftModel.map { $0.vocabularySize == model.vocabularySize } ?? true, "the draft model has other tokens")
        vocabularySize = model.vocabularySize
        contextLength = model.contextLength
        width = model.width
        blockCount = model.blockCount
        self.settings = settings
        mailbox = Mailbox(
            status: EngineStatus(
                startInterval: QueuePace().interval, freeBlocks: blockCount, totalBlocks: blockCount,
                contextLength: contextLength, heartbeat: .now))
        loop = EngineLoop(
            model: model, draftModel: draftModel, settings: settings, store: store, mailbox: mailbox,
            metrics: EngineMetrics(registry: metrics, modelName: modelName, contextLength: contextLength))
        metrics.reading(
            "drover_engine_heartbeat_age_seconds", "Since the engine was last seen between two steps.",
            labels: EngineMetrics.labels(modelName)
        ) { [mailbox] in mailbox.status.heartbeat.duration(to: .now) / .seconds(1) }
    }

    /// Streams may outlive the engine; the thread ends them, and for that it must have run.
    deinit {
        start()
        mailbox.post(.stop(nil))
    }

    /// Starts the engine thread; a second call does nothing. Requests submitted before wait for it.
    package func start() {
        guard !started.exchange(true, ordering: .acquiringAndReleasing) else { return }
        let thread = Thread { [loop] in
            pthread_setname_np(pthread_self(), "engine")
            loop.run()
        }
        thread.start()
    }

    package var status: EngineStatus { mailbox.status }

    /// How far each sample of each request has come; empty when the engine has stopped. Waits for the step that runs.
    package func progress() async -> [RequestProgress] {
        await withCheckedContinuation { mailbox.post(.progress($0)) }
    }

    /// Checks the request and puts it into the queue. Returns a stream for each sample; all must be read at the
    /// same time, as one that falls behind is cancelled.
    package func submit(_ request: GenerationRequest) throws(EngineError) -> [TokenStream] {
        try check(request)
        let first = RequestID(requests.wrappingAdd(UInt64(request.samples), ordering: .relaxed).oldValue)
        let now = ContinuousClock.now
        let record = SampleRecord(submitted: now, promptTokens: request.prompt.count)
        let events = (0..<request.samples).map { _ in EventQueue(record) }
        try mailbox.submit(
            Submission(id: first, request: request, events: events, time: now), limit: settings.queueLimit,
            tenantLimit: settings.tenantQueueLimit)
        return events.enumerated().map { TokenStream(id: first.sample($0), events: $1, mailbox: mailbox) }
    }

    /// Refuses new requests and returns when all others have ended; those that have not by `deadline` end with
    /// `FinishReason.shutdown`.
    package func drain(until deadline: ContinuousClock.Instant) async {
        start()
        await withCheckedContinuation { mailbox.post(.drain(until: deadline, $0)) }
    }

    /// Ends all requests with `FinishReason.shutdown` and returns when the engine thread no longer uses the model.
    package func stop() async {
        start()
        await withCheckedContinuation { mailbox.post(.stop($0)) }
    }

    /// The tables and numbers behind this check are what lets the scheduler promise that every request it
    /// accepts can be run to its end.
    private func check(_ request: GenerationRequest) throws(EngineError) {
        let prompt = request.prompt.count
        guard prompt > 0 else { throw .emptyPrompt }
        guard prompt < contextLength else { throw .promptTooLong(prompt: prompt, context: contextLength) }
        guard request.maxTokens >= 0 else { throw .maxTokensNegative(request.maxTokens) }
        let known = 0..<Int32(clamping: vocabularySize)
        for case let id? in [request.prompt.min(), request.prompt.max()] where !known.contains(id) {
            throw .tokenOutOfRange(token: id, vocabulary: vocabularySize)
        }
        if let bias = request.sampling.logitBias.first(where: { !known.contains($0.token) }) {
            throw .biasOutOfRange(token: bias.token, vocabulary: vocabularySize)
        }
        let needed = KVBlock.count(for: ActiveRequest.positions(of: request, context: contextLength))
        guard needed <= blockCount else { throw .exceedsPool(needed: needed, available: blockCount) }
    }
}
