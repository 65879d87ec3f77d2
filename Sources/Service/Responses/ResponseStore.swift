package import JSON
package import OpenAI
import Synchronization

/// Responses for those who ask for them again, or continue them: in memory, for a day, the oldest making room for new
/// ones. A restart forgets them.
package final class ResponseStore: Sendable {
    package struct Entry: Sendable {
        package let response: ResponseObject
        /// The name of the key that it belongs to; empty without one.
        let owner: String
        let inputItems: [JSONValue]
        /// The whole conversation before its output, without instructions.
        let messages: [ChatMessage]
        /// About how many bytes it takes.
        let size: Int

        package init(response: ResponseObject, owner: String, inputItems: [JSONValue], messages: [ChatMessage]) {
            self.response = response
            self.owner = owner
            self.inputItems = inputItems
            self.messages = messages
            // The input twice: as items and as messages.
            size = 4096 + 2 * messages.reduce(0) { $0 + $1.byteCount } + response.message.byteCount
        }
    }

    private struct State {
        var entries: [String: (entry: Entry, expiry: ContinuousClock.Instant)] = [:]
        /// Ids, oldest first; some are gone already.
        var order: [String] = []
        var bytes = 0
    }

    private let state = Mutex(State())
    private let byteLimit: Int
    private let lifetime: Duration

    package init(byteLimit: Int = 64 << 20, lifetime: Duration = .seconds(86_400)) {
        self.byteLimit = byteLimit
        self.lifetime = lifetime
    }

    /// Keeps an entry.
    package func put(_ entry: Entry, now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            state.order.append(entry.response.id)
            state.entries[entry.response.id] = (entry, now + lifetime)
            state.bytes += entry.size
            trim(&state, now)
        }
    }

    private func trim(_ state: inout State, _ now: ContinuousClock.Instant) {
        while let oldest = state.order.first {
            let isOver = state.bytes > byteLimit || state.entries[oldest].map { $0.expiry <= now } ?? true
            guard isOver else { return }
            Self.drop(oldest, from: &state)
            state.order.removeFirst()
        }
    }

    /// Keeps a newer state of a response, unless it was removed, or cancelled by its owner.
    package func update(_ response: ResponseObject, now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            guard let (old, expiry) = state.entries[response.id], old.response.status == .inProgress else { return }
            let entry = Entry(
                response: response, owner: old.owner, inputItems: old.inputItems, messages: old.messages)
            state.entries[response.id] = (entry, expiry)
            state.bytes += entry.size - old.size
            trim(&state, now)
        }
    }

    /// Nil for one that is not there any more.
    package func entry(_ id: String, now: ContinuousClock.Instant = .now) -> Entry? {
        state.withLock { $0.entries[id].flatMap { $0.expiry > now ? $0.entry : nil } }
    }

    /// Forgets an entry, if it is there.
    package func remove(_ id: String) {
        state.withLock { state in
            Self.drop(id, from: &state)
            // Who stores and removes all day must not leave a list of what is gone.
            if state.order.count > 2 * state.entries.count + 64 { state.order.removeAll { state.entries[$0] == nil } }
        }
    }

    private static func drop(_ id: String, from state: inout State) {
        guard let old = state.entries.removeValue(forKey: id) else { return }
        state.bytes -= old.entry.size
    }
}

extension ChatMessage {
    fileprivate var byteCount: Int {
        256 + (content?.utf8.count ?? 0) + toolCalls.reduce(0) { $0 + $1.arguments.utf8.count + 128 }
    }
}
