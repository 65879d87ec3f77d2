import HTTP
import HTTPTypes
import OpenAI
import Synchronization
package import Telemetry

/// Who may do what: looks at the key of every request before its body is read.
package final class AccessControl: Sendable {
    /// Patterns of routes that need no key. Every other one does, and so does a path that is none.
    package static let openRoutes: Set<String> = ["/health/live"]
    /// Patterns of routes that need a key of the operator's.
    package static let adminRoutes: Set<String> = ["/metrics"]

    private struct State {
        /// Nil on a server without keys.
        var ring: KeyRing?
        var accounts: [String: KeyAccount] = [:]
        var failures = FailureLog()
    }

    private let state: Mutex<State>
    private let openRoutes: Set<String>
    private let metrics: MetricsRegistry
    private let book: UsageBook?
    private let wrongKeys: Counter

    /// - Parameters:
    ///   - ring: nil for a server that asks for no key.
    ///   - openRoutes: more patterns of routes that need none.
    package init(
        ring: KeyRing?, openRoutes: Set<String> = [], metrics: MetricsRegistry, book: UsageBook? = nil
    ) {
        self.openRoutes = Self.openRoutes.union(openRoutes)
        self.metrics = metrics
        self.book = book
        wrongKeys = metrics.counter("drover_wrong_keys_total", "Requests whose API key was unknown or had expired.")
        state = Mutex(State())
        if let ring { replace(ring) }
    }

    /// From now on these keys count. What runs goes on; what a key has used it has used.
    package func replace(_ ring: KeyRing) {
        state.withLock { state in
            state.ring = ring
            for key in ring.keys {
                if let account = state.accounts[key.name] {
                    account.change(to: key.limits)
                } else {
                    state.accounts[key.name] = KeyAccount(key, metrics: metrics, book: book)
                }
            }
        }
    }

    /// Throws when the request may not go on.
    ///
    /// - Parameter pattern: of the route it is for; nil when there is none.
    func admit(_ head: RequestHead, to pattern: String?) throws(APIError) {
        let isOpen = pattern.map(openRoutes.contains) ?? false
        do {
            let caller = try caller(of: head)
            if !caller.name.isEmpty { head.notes["key"] = caller.name }
            guard !isOpen, let pattern, Self.adminRoutes.contains(pattern), !caller.isAdmin else { return }
        } catch {
            if isOpen { return }
            guard error.code == "invalid_api_key", try Credentials.key(in: head) != nil else { throw error }
            try noteWrongKey(of: head.peer)
            throw error
        }
        throw .forbidden("This needs an admin key.", nil, code: "admin_key_required")
    }

    /// Who sends a request that was admitted. Where a route is open that may be nobody.
    func sender(of head: RequestHead) -> Caller { (try? caller(of: head)) ?? .nobody(isAdmin: false) }

    /// Who has left work behind under that name; nil when there is no such key any more. Empty is nobody in particular.
    func caller(named name: String) -> Caller? {
        let (ring, accounts) = state.withLock { ($0.ring, $0.accounts) }
        guard let ring, !name.isEmpty else { return .nobody(isAdmin: ring == nil) }
        guard let key = ring.keys.first(where: { $0.name.utf8.elementsEqual(name.utf8) }),
            let account = accounts[key.name]
        else { return nil }
        return Caller(key, account)
    }

    private func caller(of head: RequestHead) throws(APIError) -> Caller {
        let (ring, accounts) = state.withLock { ($0.ring, $0.accounts) }
        guard let ring else { return .nobody(isAdmin: true) }
        guard let bytes = try Credentials.key(in: head), !bytes.isEmpty else {
            throw .unauthorized("This server needs an API key: 'Authorization: Bearer KEY' or 'x-api-key: KEY'.")
        }
        // One that has expired is answered like one that never was: a guess learns nothing.
        guard let key = ring.key(bytes, now: UnixTime.now), let account = accounts[key.name] else {
            throw .unauthorized("The API key is not known to this server, or has expired.")
        }
        return Caller(key, account)
    }

    /// A right key is let in even so: behind a proxy all clients have one address.
    private func noteWrongKey(of address: String) throws(APIError) {
        wrongKeys.add()
        guard let wait = state.withLock({ $0.failures.fail(address, at: .now) }) else { return }
        throw .rateLimited("Too many wrong API keys from this address.", wait: wait)
    }
}
