import Engine
import OpenAI
import Synchronization

/// The requests that are being answered, for those who ask about them or end them.
final class RequestRegistry: Sendable {
    struct Entry: Sendable {
        let head: AnswerHead
        /// The `x-request-id` of the request; clients may give the same to several.
        let requestID: String
        /// Name of the key that it came with; empty without one.
        let owner: String
        let promptTokens: Int
        let priority: Int
        let streams: [TokenStream]
    }

    /// Keeps a request listed for as long as it is kept itself.
    final class Ticket: Sendable {
        private let number: UInt64
        private let registry: RequestRegistry

        fileprivate init(number: UInt64, registry: RequestRegistry) {
            self.number = number
            self.registry = registry
        }

        deinit { registry.remove(number) }
    }

    private struct State {
        var last: UInt64 = 0
        var entries: [UInt64: Entry] = [:]
    }

    private let state = Mutex(State())

    /// Lists a request.
    func add(_ entry: Entry) -> Ticket {
        let number = state.withLock { state in
            state.last += 1
            state.entries[state.last] = entry
            return state.last
        }
        return Ticket(number: number, registry: self)
    }

    /// The last reference to a stream may go with the entry, and the stream then asks the engine for its end: outside the
    /// lock.
    private func remove(_ number: UInt64) {
        _ = state.withLock { $0.entries.removeValue(forKey: number) }
    }

    /// Oldest first.
    var entries: [Entry] {
        state.withLock { state in state.entries.sorted { $0.key < $1.key }.map(\.value) }
    }

    /// Ends the requests whose answer or request has that id, of those that the caller may touch. False if there is none
    /// that generates or waits.
    func withdraw(_ id: String, for caller: Caller) -> Bool {
        let meant = entries.filter { entry in
            caller.mayTouch(requestOf: entry.owner)
                && [entry.head.id, entry.requestID].contains { $0.utf8.elementsEqual(id.utf8) }
        }
        let streams = meant.flatMap(\.streams).filter { !$0.isFinished }
        for stream in streams { stream.cancel(because: .withdrawn) }
        return !streams.isEmpty
    }
}
