/// The events of one request, for one reader.
///
/// Ends after `TokenEvent.finished`. Cancelling the reading task, dropping the stream or calling `cancel()` frees the
/// request's blocks within one step; after `cancel()` the reader still gets what was generated and the last event.
package final class TokenStream: AsyncSequence, Sendable {
    package typealias Element = TokenEvent
    package typealias Failure = Never

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let stream: TokenStream
        fileprivate var batch: ArraySlice<TokenEvent> = []

        package mutating func next() async -> TokenEvent? {
            if batch.isEmpty { batch = await stream.nextBatch()[...] }
            return batch.popFirst()
        }

        package mutating func next(isolation actor: isolated (any Actor)?) async -> TokenEvent? { await next() }
    }

    package let id: RequestID
    private let events: EventQueue
    private let mailbox: Mailbox

    init(id: RequestID, events: EventQueue, mailbox: Mailbox) {
        self.id = id
        self.events = events
        self.mailbox = mailbox
    }

    deinit { cancel() }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: self) }

    /// All events that came since the last call, waiting for one if there are none; empty when the stream has ended
    /// or the task was cancelled. Lets a slow writer send in one piece what has piled up.
    package func nextBatch() async -> [TokenEvent] {
        await withTaskCancellationHandler {
            await events.next()
        } onCancel: {
            cancel()
            events.abandon()
        }
    }

    /// What the request has cost as far as its events were fetched.
    package var record: SampleRecord { events.record }

    /// The last event is there, fetched or not.
    package var isFinished: Bool { events.isFinished }

    /// Asks the engine to end the request with the reason given. Does nothing once it has ended.
    package func cancel(because reason: FinishReason = .cancelled) {
        guard !isFinished else { return }
        mailbox.post(.cancel(id, because: reason))
    }
}
